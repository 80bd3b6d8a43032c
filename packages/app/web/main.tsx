import { render } from 'preact';
import { Page } from './page.tsx';
import { begin } from './store.ts';
import './style.css';

const root = document.getElementById('app');
if (root) {
  root.replaceChildren();
  render(<Page />, root);
  void begin();
}
