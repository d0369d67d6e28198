// What visitors do on the pages of public links. Each play returns what it saw.
'use strict';

const assert = require('node:assert/strict');

// journey goes from the app's own page to a booking, and back in the browser afterwards.
async function journey(visit, { answers }) {
  await visit.arrive();
  const zone = await visit.page.locator('#tz').inputValue();
  const address = visit.page.url();
  await visit.picture('times');
  const picked = await visit.pick(1);
  await visit.press(); // with nothing typed
  await visit.page.waitForSelector('.fault');
  await visit.picture('faults');
  await visit.fill(answers);
  await visit.picture('form');
  await visit.press();
  await visit.page.waitForURL('**/rts/**');
  const done = { title: await visit.title(), words: await visit.words() };
  await visit.picture('done');
  await visit.page.goBack();
  await visit.page.waitForURL('**/rts/**');
  await visit.open(address);
  const back = visit.page.url();
  return { zone, address, picked, done, back };
}

// zones changes the zone by hand, and books.
async function zones(visit, { to }) {
  await visit.arrive();
  const before = await visit.times();
  await visit.page.locator('#tz').selectOption(to);
  await visit.press('.zone button');
  await visit.page.waitForURL((now) => now.searchParams.get('tz') === to);
  const after = await visit.times();
  assert.deepEqual(after.map((one) => Date.parse(one.at)).slice(0, 3), before.map((one) => Date.parse(one.at)).slice(0, 3));
  const picked = await visit.pick();
  await visit.fill();
  await visit.press();
  return { before: before[0], after: after[0], picked, words: await visit.words() };
}

// clocks books the nth time of a week in which the clocks change.
async function clocks(visit, { nth }) {
  await visit.arrive();
  const times = await visit.times();
  await visit.picture('times');
  const picked = await visit.pick(nth);
  await visit.fill();
  await visit.press();
  await visit.page.waitForURL('**/rts/**');
  return { times: times.slice(0, nth + 1), picked, words: await visit.words() };
}

// lose picks a time that another visitor books first, and takes another.
async function lose(visit, { other }, browser) {
  await visit.arrive();
  const picked = await visit.pick();
  const context = await browser.newContext();
  const rival = visit.beside(await context.newPage());
  await rival.open(other);
  await rival.pick();
  await rival.fill({ name: 'Rival', email: 'rival@example.com' });
  await rival.press();
  await rival.page.waitForURL('**/rts/**');
  await context.close();
  await visit.fill();
  await visit.press();
  const said = await visit.page.locator('[role=alert]').textContent();
  await visit.picture('taken');
  const second = await visit.pick();
  await visit.fill();
  await visit.press();
  return { picked, said, second, title: await visit.title() };
}

// read looks at a page that does nothing.
async function read(visit) {
  const status = await visit.open();
  await visit.picture('page');
  return { status, title: await visit.title(), words: await visit.words() };
}

// move takes another time by the keyboard alone.
async function move(visit) {
  await visit.open();
  await visit.picture('view');
  await visit.follow('Choose another time');
  await visit.picture('times');
  await visit.page.locator('.times a').nth(1).focus();
  await visit.page.keyboard.press('Tab');
  await visit.page.keyboard.press('Shift+Tab');
  const outline = await visit.page.locator('.times a').nth(1).evaluate((a) => getComputedStyle(a).outlineWidth);
  await visit.picture('focus');
  const picked = (await visit.times())[1];
  await visit.page.keyboard.press('Enter');
  await visit.page.waitForSelector('form[method=post]');
  await visit.picture('confirm');
  await visit.page.locator('form[method=post] button').focus();
  await visit.page.keyboard.press('Enter');
  await visit.page.waitForURL((now) => now.searchParams.has('done'));
  return { outline, picked, title: await visit.title(), words: await visit.words() };
}

// cancel gives the time up with a word.
async function cancel(visit) {
  await visit.open();
  await visit.follow('Cancel the booking');
  await visit.fill({ message: 'My car is out of plutonium.' });
  await visit.picture('ask');
  await visit.press();
  await visit.picture('gone');
  return { title: await visit.title(), words: await visit.words() };
}

module.exports = { journey, zones, clocks, lose, read, move, cancel };
