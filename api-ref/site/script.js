/** The search, and the switch of colours, for a browser. It stores one word in it and sends no request. */
const search = document.getElementById('search');
const colours = document.getElementById('colours');
const articles = [...document.querySelectorAll('article')];

function show() {
  const words = search.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  for (const article of articles) {
    const found = words.every((word) => article.dataset.words.includes(word));
    article.hidden = !found;
    document.querySelector('[data-for="' + article.id + '"]').hidden = !found;
  }
  for (const section of document.querySelectorAll('section')) {
    const own = [...section.querySelectorAll('article')];
    section.hidden = words.length > 0 && own.every((article) => article.hidden);
  }
}

search.hidden = false;
search.addEventListener('input', show);
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && event.target !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === 'Escape' && event.target === search) {
    search.value = '';
    show();
  }
});
// A link to an operation that the search has put away shows it.
addEventListener('hashchange', () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target === null || target.closest('[hidden]') === null) return;
  search.value = '';
  show();
  target.scrollIntoView();
});

let stored = null;
try {
  stored = localStorage.getItem('stockroom-colours');
} catch {
  // A browser that keeps nothing.
}
if (stored !== null) document.documentElement.dataset.colours = stored;
colours.hidden = false;
colours.addEventListener('click', () => {
  const shown =
    document.documentElement.dataset.colours ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  const wanted = shown === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.colours = wanted;
  try {
    localStorage.setItem('stockroom-colours', wanted);
  } catch {
    // It lasts as long as the page, then.
  }
});
