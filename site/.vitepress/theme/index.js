// Without the fonts that the theme would bring: pages use those of the reader.
export { default } from 'vitepress/theme-without-fonts';
