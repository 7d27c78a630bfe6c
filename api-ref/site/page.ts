import { blocks, escape, inline, note } from './markup.js';
import { METHODS, type ApiDocument } from './model.js';
import { operationHtml } from './operation.js';
import { schemaHtml } from './schema.js';

/** The whole reference on one page. Without its script it only lacks the search and the switch of colours. */
export function renderPage(document: ApiDocument): string {
  const { info, components } = document;
  const nouns = document.tags.map((tag) => ({
    ...tag,
    id: tag.name.toLowerCase().replaceAll(' ', '-'),
    operations: Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const operation = item[method];
        return operation?.tags[0] === tag.name ? [{ path, method, operation, inPath: item.parameters ?? [] }] : [];
      }),
    ),
  }));
  const navigation = nouns.map(
    ({ name, id, operations }) =>
      `<li><a href="#${id}">${escape(name)}</a><ul>${operations
        .map(
          ({ method, operation: { operationId, summary } }) =>
            `<li data-for="${operationId}"><a href="#${operationId}"><span class="method ${method}">${method}</span> ${inline(summary)}</a></li>`,
        )
        .join('')}</ul></li>`,
  );
  const sections = nouns.map(
    ({ name, id, description, operations }) =>
      `<section id="${id}"><h2>${escape(name)}</h2>${blocks(description)}\n${operations
        .map(({ path, method, operation, inPath }) => operationHtml(document, method, path, operation, inPath))
        .join('\n')}</section>`,
  );
  const headers = Object.entries({
    'x-openstack-request-id': components.headers['RequestId'],
    'openstack-api-version': components.headers['ApiVersion'],
    vary: components.headers['Vary'],
  }).map(([name, header]) => `<li><code>${name}</code>${note(header ?? {})} ${inline(header?.description ?? '')}</li>`);
  const versions = Object.entries(document['x-openstack-changes']).map(
    ([version, summary]) => `<tr><td>${escape(version)}</td><td>${inline(summary)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(info.title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/style.css">
<script src="docs/script.js" defer></script>
</head>
<body>
<a class="skip" href="#top">Skip the list of operations</a>
<nav aria-label="Operations">
<p><input type="search" id="search" placeholder="Search ( / )" aria-label="Search the operations" hidden>
<button id="colours" type="button" hidden>Light or dark</button></p>
<ul>
<li><a href="#top">Reading this</a></li>
<li><a href="#errors">Errors</a></li>
${navigation.join('\n')}
<li><a href="#microversions">Microversions</a></li>
</ul>
</nav>
<main id="top" tabindex="-1">
<h1>${escape(info.title)}</h1>
<p class="lead">${inline(info.summary)} Microversion ${escape(info.version)}.</p>
<p>Ask with <code>x-auth-token</code>, and with <code>openstack-api-version: placement ${escape(info.version)}</code> for the newest
microversion: without that header it is 1.0. Beside everything that came later stands <span class="since">since</span> when. Each response has</p>
<ul>${headers.join('')}</ul>
<p>The same as an OpenAPI document, for programs: <a href="docs/openapi.json">openapi.json</a>. It is made from the code, the tests of the
service hold every response against it, and the samples are replayed.</p>
<section id="errors"><h2>Errors</h2>
<p>An error says the first thing that is wrong: a token comes first, then the microversion, the path, the method, the content type, the
policy, and only then what the request is about.</p>
<div class="schema">${schemaHtml(components.schemas['Errors'] ?? {})}</div></section>
${sections.join('\n')}
<section id="microversions"><h2>Microversions</h2><table>${versions.join('')}</table></section>
</main>
</body>
</html>
`;
}
