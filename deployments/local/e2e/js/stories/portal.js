// What people do in the portal. Each play returns what it saw.
'use strict';

const assert = require('node:assert/strict');

// act asks something of the world outside: the receiver's mood, or what it has got.
const act = async (url) => (await fetch(url)).text();

// wait asks again until something is so.
async function wait(holds) {
  for (const end = Date.now() + 120_000; Date.now() < end;) {
    const found = await holds();
    if (found) return found;
    await new Promise((again) => { setTimeout(again, 200); });
  }
  return undefined;
}

// manage is ReserveKit's whole list, "Managing Webhooks", by one person: create, view, test, read the log, edit, delete; and
// what there is beyond it.
async function manage(visit, story) {
  const { page } = visit;
  const seen = {};
  await visit.signIn(story.widget_key);
  await visit.expect('Sign in with a server key');
  await visit.signIn();
  await visit.expect('No webhook yet');

  // Create, with a fault first.
  await visit.press('New webhook');
  await visit.set({ url: 'ftp://example.com/', description: 'Till' });
  await visit.press('Make the webhook');
  seen.fault = await visit.says('.field:has(#url) .fault');
  assert.equal(await page.inputValue('#description'), 'Till', 'what was typed is lost');
  await visit.set({ url: story.receiver, event_types: ['booking.confirmed', 'booking.cancelled'], format: 'holdfast' });
  await visit.press('Make the webhook');
  seen.secret = await page.inputValue('#secret');
  await visit.picture('secret');
  if (story.script) {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('[data-copy]');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), seen.secret, 'the copy button');
  } else {
    assert.equal(await page.locator('[data-copy]').isVisible(), false, 'a button that can do nothing is shown');
  }
  await visit.press('I have kept it');
  seen.webhook = visit.id();
  await visit.expect('booking.confirmed, booking.cancelled', 'Till', 'Active', 'Holdfast', 'Nothing was sent yet');
  assert.ok(!(await page.content()).includes(seen.secret), 'the secret is shown again');

  // Test.
  await visit.press('Send a test');
  await visit.set({ event_type: 'booking.cancelled' });
  await visit.press('Send it');
  await visit.until('Delivered', !story.script);
  await visit.expect('booking.cancelled', 'test', '1 attempt', 'Attempt 1: 200 OK');
  seen.test = visit.id();
  await page.locator('summary', { hasText: 'Request' }).first().click();
  seen.body = await page.locator('pre.body').first().innerText();
  await visit.expect('Webhook-Id', 'Webhook-Signature');
  seen.tested = JSON.parse(await act(`${story.control}/got`));

  // Real bookings: one is confirmed and called off in the portal.
  await visit.go(`/portal/bookings/${story.booking}`);
  await visit.press('Confirm');
  await visit.expect('confirmed', 'Done.');
  await visit.go(`/portal/webhooks/${seen.webhook}/deliveries`);
  await visit.until('booking.confirmed');
  await visit.set({ test: 'false', status: 'delivered' });
  await visit.press('Show');
  await visit.until('Delivered'); // in the list: the filter has it in lower case
  assert.ok(!(await visit.says('table')).includes('test'), 'the filter lets tests pass');
  await visit.follow('main table a');
  await visit.expect('booking.confirmed', 'tentative → confirmed', 'Delivered');

  // Edit, pause, resume.
  await visit.go(`/portal/webhooks/${seen.webhook}`);
  await visit.press('Edit');
  assert.equal(await page.isChecked('[value="booking.confirmed"]'), true);
  await visit.set({ description: 'The till in the shop', headers: 'X-Team: green' });
  await page.uncheck('[name="event_types"][value="booking.confirmed"]');
  await visit.press('Save');
  await visit.expect('The changes are saved', 'The till in the shop', 'X-Team');
  assert.ok(!(await visit.says()).includes('green'), 'the value of a header is shown');
  await visit.press('Pause');
  await visit.expect('Paused', 'paused by hand');
  await visit.go(`/portal/bookings/${story.booking}`);
  await page.click('summary:has-text("Cancel…")');
  await page.fill('.play[open] input[type="text"]', 'Down with a cold');
  await visit.press('Cancel', '.play[open]');
  await visit.expect('cancelled', 'Pending');
  await visit.go(`/portal/webhooks/${seen.webhook}`);
  await visit.expect('1 delivery');
  await act(`${story.control}/mood?status=503`);
  await visit.press('Resume');
  await visit.expect('The webhook is active again');

  // It fails; the log says how; a retry by hand.
  await visit.go(`/portal/webhooks/${seen.webhook}/deliveries?event_type=booking.cancelled&test=false`);
  await visit.until('503 Service Unavailable');
  await visit.follow('main table a');
  await visit.expect('Attempt 1: 503', 'Failed', 'not today');
  await visit.picture('failed');
  await act(`${story.control}/mood?status=200&pause=2s`);
  await visit.press('Try now');
  await visit.expect('1 attempt', 'on its way');
  await visit.until('Attempt 2: 200 OK', !story.script); // a script looks again by itself
  await act(`${story.control}/mood?status=200`);
  await visit.expect('2 attempts', 'Delivered');

  // A new secret.
  await visit.go(`/portal/webhooks/${seen.webhook}`);
  await visit.press('New secret…');
  await visit.set({ grace_period_seconds: '3600' });
  await visit.press('Make a new secret');
  seen.second = await page.inputValue('#secret');
  await visit.press('I have kept it');
  await visit.expect('Old secret', 'signs until');

  // Send again: count, then do it.
  seen.before = JSON.parse(await act(`${story.control}/got`)).length;
  await visit.press('Send again…');
  await visit.set({ only: 'all' });
  await visit.press('Count');
  seen.count = await visit.says('.result h2');
  await visit.picture('replay');
  await page.locator('.result button').click();
  await visit.expect('will be sent again');
  seen.after = await wait(async () => {
    const { length } = JSON.parse(await act(`${story.control}/got`));
    return length === seen.before + Number.parseInt(seen.count, 10) && length;
  });

  // Delete asks once more.
  await visit.go(`/portal/webhooks/${seen.webhook}`);
  if (story.script) {
    await page.click('text=Delete…');
    await page.waitForSelector('dialog[open]');
    await visit.picture('delete');
    await page.click('dialog >> text=Keep it');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.click('text=Delete…');
    await visit.press('Delete it for good', 'dialog');
  } else {
    await visit.press('Delete…');
    await visit.press('Keep it');
    await visit.press('Delete…');
    await visit.press('Delete it for good');
  }
  await visit.expect('The webhook is deleted', 'No webhook yet');
  await visit.press('Sign out', 'header');
  await visit.expect('Sign in');
  return seen;
}

// keys makes a key, signs in with it elsewhere, and revokes it.
async function keys(visit) {
  const mine = visit.page;
  await visit.signIn();
  await visit.go('/portal/keys');
  await visit.set({ name: 'laptop', kind: 'server' });
  await visit.press('Make the key');
  const key = await mine.inputValue('#secret');
  await visit.picture('key');
  const theirs = await visit.enter();
  await visit.signIn(key);
  await visit.go('/portal/keys');
  await visit.expect('you are signed in with it');
  visit.page = mine;
  await visit.press('I have kept it');
  const link = mine.getByRole('link', { name: 'Revoke laptop…' });
  await link.click();
  await mine.waitForSelector('dialog[open]');
  await visit.press('Revoke it for good', 'dialog');
  await visit.expect('The key is revoked', 'revoked');
  visit.page = theirs;
  await visit.go('/portal/webhooks');
  await visit.expect('Sign in');
  return { path: new URL(theirs.url()).pathname, key };
}

// booking looks at one whose customer means harm, and plays an action on it.
async function booking(visit, story) {
  const { page } = visit;
  await visit.signIn();
  await visit.go('/portal/bookings');
  await page.fill('#q', story.search);
  await visit.press('Show');
  const row = await visit.says('main tbody tr');
  await visit.follow('main tbody a');
  await visit.expect(story.customer);
  const drawn = async () => {
    const image = page.locator('.drawing img');
    await image.scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelector('.drawing img').naturalWidth > 0);
    return { alt: await image.getAttribute('alt'), svg: await (await page.request.get(await image.evaluate((one) => one.src))).text() };
  };
  const before = await drawn();
  await visit.picture('tentative');
  const workflow = await page.getByRole('link', { name: 'Workflow in the Temporal UI' }).getAttribute('href');
  const stale = await visit.enter();
  await visit.signIn();
  await visit.go(new URL(page.url()).pathname);
  visit.page = page;
  await visit.press('Confirm');
  await visit.expect('Done.', 'confirmed', 'by api');
  const after = await drawn();
  await visit.picture('confirmed');
  visit.page = stale;
  await visit.press('Confirm');
  const late = await visit.says('[role=alert]');
  const widgets = await stale.evaluate(() => document.querySelectorAll('main script, main img:not(.drawing img)').length);
  return { row, before, after, workflow, late, widgets, id: visit.id() };
}

// move gives a booking another time by the picker, and fails to give it to a second one that was asked about it before.
async function move(visit, story) {
  const { page } = visit;
  await visit.signIn();
  await visit.go(`/portal/bookings/${story.two}`);
  assert.ok(!(await page.content()).includes('Reschedule by customer'), 'the page offers to end the booking');
  await visit.press('Reschedule…');
  await visit.expect('Choose another time', 'Free times, Europe/Berlin');
  const wanted = await page.locator('.times time').nth(30).getAttribute('datetime');
  await visit.picture('times');
  await visit.go(`/portal/bookings/${story.one}/reschedule`);
  const question = await page.getAttribute(`.times a:has(time[datetime="${wanted}"])`, 'href');
  const second = question.replace(story.one, story.two);
  await visit.go(second);
  await visit.expect('Move it to this time?', 'Until now', 'New');
  const rival = await page.context().newPage();
  visit.page = rival;
  await visit.go(question);
  await visit.press('Move the booking');
  await visit.expect('The booking is moved. This is the new one.');
  const moved = visit.id();
  await visit.picture('moved');
  await rival.goBack();
  await visit.expect('cannot be moved'); // it was, just now
  visit.page = page;
  await visit.press('Move the booking');
  await visit.expect('That time was taken meanwhile. Nothing was changed', 'Choose another time');
  assert.equal(await page.locator(`.times time[datetime="${wanted}"]`).count(), 0, 'the taken time is still offered');
  await visit.picture('taken');
  await page.reload();
  return { moved, wanted };
}

// forged sends forms from elsewhere, and without the word that pages of the session have.
async function forged(visit, story) {
  const { page } = visit;
  await visit.signIn();
  await visit.go('/portal/keys');
  const good = await page.inputValue('main [name="csrf"]');
  const send = async (csrf, headers = {}) => (await page.request.post(new URL('/portal/keys', visit.settings.portal).href, {
    form: { ...(csrf === null ? {} : { csrf }), name: 'forged', kind: 'server' }, headers, maxRedirects: 0,
  })).status();
  const statuses = {
    none: await send(null), wrong: await send(`${good.slice(0, -2)}AA`), foreign: await send(good, { Origin: 'https://evil.example' }),
    cross: await send(good, { 'Sec-Fetch-Site': 'cross-site' }), good: await send(good, { 'Sec-Fetch-Site': 'same-origin' }),
  };
  // A page of another site posts: the cookie stays at home, and the form is refused for where it comes from.
  await page.goto(`${story.control}/evil?target=${encodeURIComponent(new URL('/portal/keys', visit.settings.portal).href)}&csrf=${good}`);
  const [answer] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/portal/keys')), page.click('button')]);
  statuses.evil = answer.status();
  await visit.go('/portal/keys');
  return { statuses, keys: await visit.says('table') };
}

// keyboard makes a webhook without a mouse: Tab reaches every field, in order, and Enter sends.
async function keyboard(visit, story) {
  const { page } = visit;
  await visit.go('/portal/sign-in');
  await page.waitForFunction(() => document.activeElement.id === 'key'); // nobody has to look for the field
  await page.keyboard.type(story.key);
  await Promise.all([page.waitForEvent('domcontentloaded'), page.keyboard.press('Enter')]);
  await visit.expect('No webhook yet');
  await visit.go('/portal/webhooks/new');
  await page.keyboard.press('Tab');
  const skip = await page.evaluate(() => document.activeElement.textContent);
  const wanted = await page.$$eval('main form :is(input, select, textarea, summary, button, a)', (all) => {
    const groups = new Set();
    return all.filter((one) => {
      if (one.type === 'hidden' || one.closest('details:not([open]) > :not(summary)')) return false;
      if (one.type !== 'radio') return true;
      if (groups.has(one.name)) return false; // arrows choose inside a group
      return groups.add(one.name);
    }).map((one) => one.name + (one.type === 'checkbox' ? one.value : '') || one.textContent.trim());
  });
  const reached = [];
  const rings = [];
  for (let i = 0; i < 200; i += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one.closest('main form')) return null;
      const ring = getComputedStyle(one.closest('.check') ?? one);
      return { name: one.name + (one.type === 'checkbox' ? one.value : '') || one.textContent.trim(), ring: ring.outlineStyle !== 'none' };
    });
    if (!at && reached.length) break;
    if (at) {
      reached.push(at.name);
      if (!at.ring) rings.push(at.name);
    }
  }
  await page.focus('#url');
  await page.keyboard.type(story.receiver);
  await page.focus('[value="booking.confirmed"]');
  await page.keyboard.press('Space');
  await page.focus('#url');
  await Promise.all([page.waitForEvent('domcontentloaded'), page.keyboard.press('Enter')]);
  await visit.expect('The webhook is made');
  return { skip, wanted, reached, rings };
}

// gallery takes pictures of every page, small and large, by day and by night, and looks for what does not fit.
async function gallery(visit, story) {
  const faults = [];
  for (const [size, width] of [['phone', 390], ['desk', 1280], ['narrow', 320]]) {
    for (const colorScheme of size === 'narrow' ? ['light'] : ['light', 'dark']) {
      const phone = size !== 'desk';
      const page = await visit.enter({ viewport: { width, height: phone ? 844 : 900 }, colorScheme, isMobile: phone, hasTouch: phone, deviceScaleFactor: phone ? 2 : 1 });
      await visit.go('/portal/sign-in');
      if (size !== 'narrow') await visit.picture(`sign-in-${size}-${colorScheme}`);
      await visit.signIn();
      for (const [name, address] of Object.entries(story.pages)) {
        await visit.go(address);
        await page.$$eval('details', (all) => all.forEach((one) => { one.open = true; }));
        await page.$$eval('img', (all) => Promise.all(all.map((one) => { one.loading = 'eager'; return one.decode().catch(() => {}); })));
        faults.push(...(await page.evaluate(wrong, phone)).map((one) => `${name} at ${width}: ${one}`));
        if (size !== 'narrow') await visit.picture(`${name}-${size}-${colorScheme}`);
      }
    }
  }
  return { faults: [...new Set(faults)] };
}

// wrong looks for what a page does not say to everybody. It runs in the page.
function wrong(touch) {
  const all = [];
  const each = (selector, check) => document.querySelectorAll(selector).forEach((one) => { const why = check(one); if (why) all.push(`${one.outerHTML.slice(0, 80)}: ${why}`); });
  if (document.documentElement.scrollWidth > window.innerWidth) all.push(`is ${document.documentElement.scrollWidth} wide`);
  if (document.querySelectorAll('h1').length !== 1) all.push('has not one heading');
  if (document.documentElement.lang !== 'en' || !document.title) all.push('has no language or title');
  each('input:not([type=hidden]), select, textarea', (one) => (one.labels.length ? '' : 'has no label'));
  each('img', (one) => (one.alt && one.naturalWidth ? '' : 'has no text or no picture'));
  each('[id]', (one) => (document.querySelectorAll(`#${CSS.escape(one.id)}`).length === 1 ? '' : 'has an id twice'));
  each('[aria-labelledby], [aria-describedby]', (one) => [one.getAttribute('aria-labelledby'), one.getAttribute('aria-describedby')]
    .filter(Boolean).flatMap((ids) => ids.split(' ')).filter((id) => !document.getElementById(id)).join());
  each('[style], main script, main style', () => 'is not for the policy');
  if (touch) {
    each('button, .button, main select, summary, .check, nav a', (one) => {
      const { height, width } = one.getBoundingClientRect();
      return one.checkVisibility() && (height < 43.5 || width < 43.5) ? `is ${width} by ${height}` : '';
    });
  }
  return all;
}

// draft writes a graph: what is wrong with it is said while it is typed, and it is drawn once nothing is.
async function draft(visit) {
  const { page } = visit;
  await visit.signIn();
  await visit.go('/portal/graphs/new-draft');
  const text = await page.inputValue('#definition');
  await page.fill('#definition', text.replace('"initial": "', '"initial": "no_'));
  await visit.until('to mend', false);
  await visit.expect('Not saved yet');
  await page.fill('#definition', text);
  await visit.until('The text has no faults', false);
  await page.waitForFunction(() => document.querySelector('#live img')?.naturalWidth > 0);
  await visit.picture('drawn');
  await visit.press('Save the draft');
  await visit.expect('The draft is saved');
  return {};
}

module.exports = { booking, draft, move, forged, gallery, keyboard, keys, manage };
