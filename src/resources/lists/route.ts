import { existsSync } from 'node:fs';
import { toJson } from '../../http/json.js';
import { lastValues } from '../../http/query.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { deleteJob, getJob, listJobs, setJob } from '../../lists/job/rows.js';
import type { ListBucket } from '../../lists/model.js';
import { LOCAL, type ListsContext } from '../../lists/options.js';
import { cancelRun, getRun, listRuns, requestRun } from '../../lists/run/rows.js';
import { settingsOf } from '../../lists/job/settings.js';
import { jobDocument, runDocument, runSummary } from '../../lists/render.js';
import { fileOf } from './files.js';
import { deleteQuery, idOf, jobListQuery, MAX_JOB_BYTES, runListQuery, tokenOf } from './schema.js';

/** The dependencies of the routes of inventory lists. */
export interface ListRouteDependencies {
  readonly lists: ListsContext;
}

/** The native routes of inventory lists (docs/contract/inventory-lists.md#routes). */
export function listRoutes({ lists }: ListRouteDependencies): Route[] {
  const ok = (document: object) => ({ status: 200, body: toJson(document), modified: nowSeconds() });
  return [
    {
      method: 'GET',
      path: '/stockroom/lists',
      rule: 'stockroom:lists:list',
      checkAccept: true,
      async handle({ query }) {
        const { limit = '100', after } = jobListQuery(lastValues(query));
        const page = { limit: Number(limit), after: after === undefined ? null : idOf(after) };
        const { jobs, next } = await listJobs(lists, page);
        return ok({
          lists: jobs.map((job) => jobDocument(job, lists.source)),
          next: next === null ? null : tokenOf(next),
        });
      },
    },
    {
      method: 'GET',
      path: '/stockroom/lists/:id',
      rule: 'stockroom:lists:show',
      checkAccept: true,
      async handle(request) {
        return ok(jobDocument(await getJob(lists, request.param('id')), lists.source));
      },
    },
    {
      method: 'PUT',
      path: '/stockroom/lists/:id',
      rule: 'stockroom:lists:set',
      jsonBody: true,
      maxBodyBytes: MAX_JOB_BYTES,
      async handle(request) {
        const id = request.param('id');
        const settings = settingsOf(await request.json(), id, lists);
        const by = { user_id: request.identity?.userId ?? null, project_id: request.identity?.projectId ?? null };
        const { job, created } = await setJob(lists, id, settings, { onlyNew: request.onlyNew, by });
        lists.poke();
        return { ...ok(jobDocument(job, lists.source)), status: created ? 201 : 200 };
      },
    },
    {
      method: 'DELETE',
      path: '/stockroom/lists/:id',
      rule: 'stockroom:lists:delete',
      async handle(request) {
        const withLists = deleteQuery(lastValues(request.query)).lists === 'delete';
        await deleteJob(lists, request.param('id'), { withLists });
        lists.poke();
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/stockroom/lists/:id/runs',
      rule: 'stockroom:lists:show',
      checkAccept: true,
      async handle(request) {
        const id = request.param('id');
        const { limit = '20', before } = runListQuery(lastValues(request.query));
        const page = { limit: Number(limit), before: before === undefined ? null : Number(before) };
        const runs = await listRuns(lists.pool, id, page);
        // Runs remain after their job was deleted. When there are no runs, `getJob` throws 404 unless the job exists.
        if (runs.length === 0) await getJob(lists, id);
        return ok({ runs: runs.map(runSummary) });
      },
    },
    {
      method: 'POST',
      path: '/stockroom/lists/:id/runs',
      rule: 'stockroom:lists:run',
      async handle(request) {
        const run = await requestRun(lists, request.param('id'));
        lists.poke();
        return { ...ok(runDocument(run)), status: 202, location: `/stockroom/lists/${run.job}/runs/${run.id}` };
      },
    },
    {
      method: 'GET',
      path: '/stockroom/lists/:id/runs/:run',
      rule: 'stockroom:lists:show',
      checkAccept: true,
      async handle(request) {
        return ok(runDocument(await getRun(lists, request.param('id'), request.param('run'))));
      },
    },
    {
      method: 'POST',
      path: '/stockroom/lists/:id/runs/:run/cancel',
      rule: 'stockroom:lists:run',
      async handle(request) {
        const run = await cancelRun(lists, request.param('id'), request.param('run'));
        lists.poke();
        return ok(runDocument(run));
      },
    },
    {
      method: 'GET',
      path: '/stockroom/lists/:id/runs/:run/files/:name',
      rule: 'stockroom:lists:read',
      async handle(request) {
        const run = await getRun(lists, request.param('id'), request.param('run'));
        return fileOf(lists, run, request.param('name'));
      },
    },
    {
      method: 'GET',
      path: '/stockroom/list_buckets',
      rule: 'stockroom:lists:list',
      checkAccept: true,
      handle: () => ok({ buckets: lists.buckets.map(bucketDocument), hooks: lists.hooks.map(({ name }) => name) }),
    },
  ];
}

/** The document has no address, key or path, because users who set jobs may see only the names. */
function bucketDocument(bucket: ListBucket): object {
  const { name, type } = bucket;
  const isDefault = name === LOCAL ? { default: true } : {};
  if (bucket.type === 's3') return { name, type, ...isDefault, encryption: bucket.encryption };
  // The service makes the folder of the built-in bucket when it needs it.
  return { name, type, here: name === LOCAL || existsSync(bucket.path), ...isDefault, encryption: ['none'] };
}
