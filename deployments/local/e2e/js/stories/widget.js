// What visitors do on the page. Each play returns what it saw.
'use strict';

const { pause } = require('../browser');

const visitor = { name: 'Marty McFly', email: 'marty@example.com' };

// book takes the first slot shown and reads the calendar again after a reload.
async function book(visit, { answers = visitor }) {
  const before = await visit.shown();
  await visit.scroll();
  await visit.picture('calendar');
  await visit.pick(before[0]);
  const heading = await visit.heading();
  await visit.fill(answers);
  await visit.picture('form');
  const said = await visit.submit();
  await visit.picture('answer');
  const again = await visit.dismiss();
  await visit.open();
  return { before, heading, said, again, after: await visit.shown() };
}

// ribbon says whether the widget marks the page as a trial.
async function ribbon(visit) {
  await visit.picture('calendar');
  return { text: await visit.page.$$eval('.bookingjs-ribbon', (all) => all.map((one) => one.textContent.trim()).join()) };
}

// look reads the calendar of two weeks and books the slot named.
async function look(visit, { at }) {
  const pages = [await visit.shown()];
  await visit.scroll();
  await visit.picture('calendar');
  await visit.turn();
  pages.push(await visit.shown());
  await visit.scroll();
  await visit.picture('next');
  await visit.pick(at);
  const heading = await visit.heading();
  await visit.fill(visitor);
  return { pages, heading, said: await visit.submit() };
}

// lose takes a slot that somebody else gets first.
async function lose(visit, { meanwhile }) {
  const [first] = await visit.shown();
  await visit.pick(first);
  await visit.fill(visitor);
  const send = () => fetch(meanwhile.url, { method: 'POST', headers: meanwhile.headers, body: meanwhile.body });
  let other = await send();
  for (; other.status === 503; other = await send()) await pause();
  const said = await visit.submit();
  await visit.picture('answer');
  return { first, other: other.status, said };
}

// move gives a booking another time.
async function move(visit) {
  const before = await visit.shown();
  await visit.pick(before[1]);
  const heading = await visit.heading();
  await visit.fill({ message: 'A little later, please' });
  await visit.picture('form');
  const left = visit.page.waitForEvent('framenavigated'); // the widget loads the page anew half a second later
  const said = await visit.submit();
  await left;
  return { before, heading, said };
}

// zones are what the visitor can choose from.
async function zones(visit) {
  const picker = '.bookingjs-footer-tz-picker-select';
  const all = await visit.page.$$eval(`${picker} option`, (list) => list.map((one) => one.dataset.target));
  const before = await visit.shown();
  await visit.page.selectOption(picker, 'Asia/Tokyo');
  await visit.ready();
  await visit.scroll();
  await visit.picture('tokyo');
  return { all, before, after: await visit.shown() };
}

module.exports = { book, look, lose, move, ribbon, zones };
