import type { Registry } from 'prom-client';
import type { HttpMeter, PathMeter } from '../../http/request-meter.js';
import { addHistogram, SECONDS, type Observe } from './histogram.js';
import { addNumber } from './series.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);

/** Clients cannot choose values of labels: routes are those of the table, and methods are the usual ones or `other`. */
export function meterHttp(registry: Registry): HttpMeter {
  let inFlight = 0;
  addNumber(
    registry,
    { name: 'stockroom_http_requests_in_flight', help: 'Requests that have no complete response yet.', type: 'gauge' },
    () => inFlight,
  );
  const durations = addHistogram(registry, {
    name: 'stockroom_http_request_duration_seconds',
    help: 'From the head of a request to its response, by route, method and status.',
    buckets: SECONDS,
  });

  function meterOf(route: string): PathMeter {
    // The series by method, then by status.
    const known = new Map<string, Observe[]>();
    const seriesOf = (method: string, status: number): Observe => {
      const name = METHODS.has(method) ? method : 'other';
      const byStatus = known.get(name) ?? [];
      known.set(name, byStatus);
      return (byStatus[status] ??= durations.series({ method: name, route, status: String(status) }));
    };
    return (method, status, seconds) => {
      inFlight--;
      const observe = known.get(method)?.[status] ?? seriesOf(method, status);
      observe(seconds);
    };
  }

  return {
    begin() {
      inFlight++;
    },
    at: (path) => meterOf(path.replaceAll(/:(\w+)/g, '{$1}')),
    elsewhere: meterOf('(none)'),
  };
}
