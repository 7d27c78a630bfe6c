/** Colours come in pairs, for light and dark; what the reader's system prefers decides until the button does. */
export const STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1d2329, #dde3e9);
  --faint: light-dark(#5b6670, #98a4b0);
  --ground: light-dark(#ffffff, #14181c);
  --raised: light-dark(#f3f5f7, #1d2329);
  --line: light-dark(#d8dee4, #323b44);
  --link: light-dark(#0b57a4, #79b8ff);
  --good: light-dark(#14662f, #6fd08c);
  --bad: light-dark(#a12622, #ff938a);
  --since: light-dark(#6b3fa0, #c4a4f0);
}
:root[data-colours="light"] { color-scheme: light; }
:root[data-colours="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; display: grid; grid-template-columns: 19rem minmax(0, 1fr); color: var(--text); background: var(--ground); font: 16px/1.5 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem; border-right: 1px solid var(--line); background: var(--raised); font-size: .875rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav > ul > li { margin-top: .5rem; }
nav > ul > li > a { font-weight: 600; }
nav li li { padding-left: .25rem; }
nav a { display: block; min-height: 24px; padding: .1rem 0; color: inherit; text-decoration: none; }
nav a:hover, nav a:focus-visible { text-decoration: underline; }
#search { width: 100%; padding: .35rem .5rem; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 4px; }
#colours { margin-top: .5rem; min-height: 32px; font: inherit; }
.skip { position: absolute; left: .5rem; top: -4rem; z-index: 1; padding: .5rem 1rem; background: var(--ground); border: 2px solid var(--link); }
.skip:focus { top: .5rem; }
main { max-width: 62rem; padding: 1rem 2rem 6rem; }
a { color: var(--link); }
h1 { margin: .5rem 0 0; font-size: 1.75rem; }
h2 { margin: 3rem 0 0; padding-bottom: .25rem; border-bottom: 2px solid var(--line); font-size: 1.4rem; }
h3 { margin: 0; font-size: 1.1rem; }
h3 a { display: inline-block; min-height: 24px; color: inherit; text-decoration: none; }
h4 { margin: 1.25rem 0 .25rem; font-size: .95rem; }
.lead, .about, .type, .optional { color: var(--faint); }
article { margin: 1.5rem 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 6px; }
article:target { border-color: var(--link); }
p { margin: .5rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; }
code { overflow-wrap: anywhere; }
pre { margin: .25rem 0; padding: .5rem .75rem; overflow-x: auto; background: var(--raised); border-radius: 4px; }
.route { font-size: 1rem; }
.method { display: inline-block; min-width: 3.6em; font: 600 .75em ui-monospace, monospace; text-transform: uppercase; color: var(--link); }
.method.post, .method.put { color: var(--good); }
.method.delete, .bad { color: var(--bad); }
.good { color: var(--good); }
.status { font-weight: 600; }
.since, .until, .required { padding: 0 .35em; border: 1px solid currentcolor; border-radius: 3px; font-size: .75rem; color: var(--since); white-space: nowrap; }
.until, .required { color: var(--bad); }
.type { font-size: .875rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
.facts dt { color: var(--faint); }
.facts dd { margin: 0; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
td:first-child { white-space: nowrap; overflow-wrap: normal; }
.schema, .headers, .members { font-size: .9rem; }
.members { margin: 0; padding-left: 1rem; list-style: none; border-left: 2px solid var(--line); }
.members li { margin: .15rem 0; }
.members .about { display: block; padding-left: 1rem; }
.members em { color: var(--faint); }
.earlier { padding-left: 1rem; }
summary { min-height: 24px; cursor: pointer; }
.sample, .history { margin: .25rem 0; }
[hidden] { display: none !important; }
@media (max-width: 56rem) {
  body { display: block; }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  nav ul ul { display: none; }
  main { padding: 1rem; }
}
@media (max-width: 40rem) {
  article { padding: .75rem; }
  .facts { display: block; }
  .facts dd { margin-bottom: .5rem; }
  .parameters, .parameters tbody, .parameters tr, .parameters td { display: block; }
  .parameters tr:first-child { position: absolute; clip-path: inset(50%); }
  .parameters td { padding-right: 0; border-top: 0; white-space: normal; }
  .parameters tr { padding: .4rem 0; border-top: 1px solid var(--line); }
  .parameters td:nth-child(2)::before { content: "in the "; }
}
@media print { nav { display: none; } body { display: block; } }
`;
