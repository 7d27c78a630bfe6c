import type { Route } from '../../http/route.js';
import type { Health } from '../../ops/health.js';

/** The dependencies of the routes of health. */
export interface HealthRouteDependencies {
  readonly health: Health;
}

/** The same routes as on the admin listener, for clients that reach only the port of the API, such as load balancers. */
export function healthRoutes({ health }: HealthRouteDependencies): Route[] {
  const common = { method: 'GET', rule: null, public: true, quiet: true } as const;
  return [
    { ...common, path: '/healthz', handle: () => ({ status: 200, body: JSON.stringify(health.alive()) }) },
    {
      ...common,
      path: '/readyz',
      async handle() {
        const readiness = await health.readiness();
        return { status: readiness.ready ? 200 : 503, body: JSON.stringify(readiness) };
      },
    },
  ];
}
