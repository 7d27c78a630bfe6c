import { render } from 'preact';
import { App } from './app.js';
import { watchService } from './reachable.js';
import { resume } from './session.js';

render(<App />, document.body);
void resume();
void watchService();
