import { STATUS_CODES } from 'node:http';
import { blocks, escape, inline, json, note } from './markup.js';
import { nameOf, type Response, type ApiDocument, type Operation, type Parameter, type Sample } from './model.js';
import { schemaHtml } from './schema.js';

/** One operation: what it is for, what it takes, what it returns, and what that looks like. */
export function operationHtml(
  document: ApiDocument,
  method: string,
  path: string,
  operation: Operation,
  inPath: readonly Parameter[],
): string {
  const parameters = [...inPath, ...operation.parameters.filter(({ $ref }) => $ref === undefined)];
  const words = `${method} ${path} ${operation.summary} ${operation.operationId} ${parameters.map(({ name }) => name).join(' ')}`;
  return `<article id="${operation.operationId}" data-words="${escape(words.toLowerCase())}">
<h3><a href="#${operation.operationId}">${inline(operation.summary)}</a></h3>
<p class="route"><span class="method ${method}">${method.toUpperCase()}</span> <code>${escape(path)}</code></p>
${blocks(operation.description)}
${facts(operation)}
${parametersHtml(parameters)}
${bodyHtml(operation)}
${responsesHtml(document, operation)}
${samplesHtml(operation['x-openstack-samples'])}
${historyHtml(operation)}
</article>`;
}

function facts(operation: Operation): string {
  const { 'x-openstack-below': below, 'x-openstack-policy-rule': rule } = operation;
  const rows = [
    ['Since', `${operation['x-openstack-min-version']}${below === undefined ? '' : `; ${below} before`}`],
    rule === undefined
      ? ['Who may', 'anybody, without a token']
      : [
          'Who may',
          `<code>${escape(rule)}</code>, which is <code>${escape(operation['x-openstack-policy-default'] ?? '')}</code> unless configured`,
        ],
  ];
  return `<dl class="facts">${rows.map(([term = '', text = '']) => `<dt>${term}</dt><dd>${text}</dd>`).join('')}</dl>`;
}

function parametersHtml(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map((parameter) => {
    const { name, in: where, description, required = false, example, schema } = parameter;
    const type = schema['type'] === 'array' ? (schema['items'] as typeof schema) : schema;
    const suffix = Object.entries(parameter['x-openstack-suffix'] ?? {}).map(
      ([version, pattern]) => `since ${version} with a suffix <code>${escape(pattern)}</code>`,
    );
    const more = [
      ...suffix,
      ...(parameter['x-openstack-repeatable-min-version'] === undefined
        ? []
        : [`may be repeated since ${parameter['x-openstack-repeatable-min-version']}`]),
    ];
    return (
      `<tr><td><code>${escape(name)}</code>${note(parameter)}${required ? ' <span class="required">required</span>' : ''}</td>` +
      `<td>${where}</td><td>${inline(description)}${more.length === 0 ? '' : ` <span class="about">(${more.join('; ')})</span>`}` +
      `<br><span class="type">${schemaHtml(type)}</span> <span class="about">such as <code>${escape([example].flat().join(' '))}</code></span></td></tr>`
    );
  });
  return `<h4>Parameters</h4><table class="parameters"><tr><th>Name</th><th>In</th><th>Meaning</th></tr>${rows.join('')}</table>`;
}

function bodyHtml({ requestBody }: Operation): string {
  const schema = requestBody?.content['application/json']?.schema;
  if (requestBody === undefined || schema === undefined) return '';
  return `<h4>Body${note(requestBody)}</h4><div class="schema">${schemaHtml(schema)}</div>`;
}

function responsesHtml(document: ApiDocument, operation: Operation): string {
  const all = Object.entries(operation.responses);
  const good = all
    .filter(([status]) => Number(status) < 400)
    .map(([status, response]) => responseHtml(document, status, response));
  const bad = all
    .filter(([status]) => Number(status) >= 400)
    .map(([status, response]) => {
      const about =
        response.description ?? document.components.responses[nameOf(response as { $ref: string })]?.description;
      return `<tr><td>${statusHtml(status)}</td><td>${inline(about ?? '')}</td></tr>`;
    });
  return `<h4>Responses</h4>${good.join('')}<table>${bad.join('')}</table>`;
}

function responseHtml(document: ApiDocument, status: string, response: Response): string {
  const common = ['x-openstack-request-id', 'openstack-api-version', 'vary'];
  const headers = Object.entries(response.headers)
    .filter(([name]) => !common.includes(name))
    .map(([name, reference]) => {
      const header = document.components.headers[nameOf(reference)];
      return `<li><code>${escape(name)}</code>${note(header ?? {})} <span class="about">${inline(header?.description ?? '')}</span></li>`;
    });
  const schema = response.content?.['application/json']?.schema;
  return (
    `<p>${statusHtml(status)}${note(response)}: ${inline(response.description ?? '')}</p>` +
    (headers.length === 0 ? '' : `<ul class="headers">${headers.join('')}</ul>`) +
    (schema === undefined ? '' : `<div class="schema">${schemaHtml(schema)}</div>`)
  );
}

function statusHtml(status: string): string {
  const kind = Number(status) < 400 ? 'good' : 'bad';
  return `<span class="status ${kind}">${status}</span> ${escape(STATUS_CODES[status] ?? '')}`;
}

function samplesHtml(samples: readonly Sample[]): string {
  const all = samples.map(({ about, request, response }) => {
    const { location } = response;
    return (
      `<details class="sample"><summary><span class="status ${response.status < 400 ? 'good' : 'bad'}">${response.status}</span> ${inline(about)}</summary>` +
      `<pre tabindex="0">${escape(`${request.method} ${request.path}`)}</pre>${request.body === undefined ? '' : json(request.body)}` +
      `<pre tabindex="0">${response.status} ${escape(STATUS_CODES[response.status] ?? '')}${location === undefined ? '' : escape(`\nlocation: http://127.0.0.1:8778${location}`)}</pre>` +
      `${response.body === undefined ? '' : json(response.body)}</details>`
    );
  });
  return `<h4>Samples</h4>${all.join('')}`;
}

function historyHtml(operation: Operation): string {
  const changes = Object.entries(operation['x-openstack-changes']);
  if (changes.length === 0) return '';
  const rows = changes.map(([version, summary]) => `<tr><td>${escape(version)}</td><td>${inline(summary)}</td></tr>`);
  return `<details class="history"><summary>What microversions changed</summary><table>${rows.join('')}</table></details>`;
}
