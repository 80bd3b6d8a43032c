/** The pages a browser sees: login, what is here, errors. */
import type { Sensor } from '../store/store.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title></head>
<body><h1>${escaped(title)}</h1>
${body}
</body></html>
`;

export const loginPage = (message?: string): string =>
  page(
    'DAISEE monitor',
    `${message === undefined ? '' : `<p role="alert">${escaped(message)}</p>\n`}<form method="post" action="/login">
<p><label>Login <input name="login" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Log in</button></p>
</form>`,
  );

export const sensorsPage = (sensors: readonly Sensor[]): string =>
  page(
    'DAISEE monitor',
    `<ul>
${sensors.map((sensor) => `<li><a href="/api/v1/sensors/${sensor.id}/latest">${escaped(sensor.name)}</a></li>`).join('\n')}
</ul>
<form method="post" action="/logout"><button>Log out</button></form>`,
  );

export const errorPage = (status: number, message: string): string =>
  page(`${status}`, `<p>${escaped(message)}</p>\n<p><a href="/">Back</a></p>`);
