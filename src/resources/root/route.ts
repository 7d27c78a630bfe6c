import { NEWEST_VERSION, OLDEST_VERSION } from '../../http/microversions.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';

/** The version document, from which clients learn the supported microversions. It needs no token. */
export function rootRoutes(): Route[] {
  const body = JSON.stringify({
    versions: [
      {
        id: 'v1.0',
        max_version: NEWEST_VERSION.text,
        min_version: OLDEST_VERSION.text,
        status: 'CURRENT',
        links: [{ rel: 'self', href: '' }],
      },
    ],
  });
  return [
    {
      method: 'GET',
      path: '/',
      rule: null,
      public: true,
      handle: () => ({ status: 200, body, modified: nowSeconds() }),
    },
  ];
}
