// Drives the unmodified timekit-booking widget in Chromium. Stories come in as JSON on standard input; for each one goes
// out as a line {name, fault, seen}: what the page showed. What it did to the record is for the caller to look at.
//
// input: {chromium, site, artifacts, stories: [{name, play, config, timezone, phone, …}]}
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { pause, run } = require('./browser');
const plays = require('./stories/widget');

const patience = 120_000;

// Visit is one visitor's browser on the page of one story.
class Visit {
  constructor(page, story, settings) {
    Object.assign(this, { page, story, settings, faults: [], pictures: 0 });
    page.setDefaultTimeout(patience);
    page.on('pageerror', (fault) => this.faults.push(`the page threw: ${fault}`));
  }

  // fence lets the page call its site and the API only. The widget's style asks for a font elsewhere and does without.
  async fence(context) {
    const near = [this.settings.site, new URL(this.story.config.api_base_url).origin];
    await context.route((url) => !near.includes(url.origin), (route) => {
      const url = route.request().url();
      if (!url.startsWith('https://fonts.googleapis.com/')) this.faults.push(`the page called ${url}`);
      return route.fulfill({ status: 204 });
    });
    await context.route((url) => url.pathname === '/v2/bookings', (route) => this.book(route));
  }

  // book comes again when the service is overloaded by other tests: the widget shows the error and goes no further.
  async book(route) {
    let answer = await route.fetch();
    while (answer.status() === 503) {
      await pause();
      answer = await route.fetch();
    }
    return route.fulfill({ response: answer });
  }

  // open loads the page and waits until the widget has asked for the free time.
  async open() {
    const config = Buffer.from(JSON.stringify(this.story.config)).toString('base64url');
    await this.page.goto(`${this.settings.site}/page/${config}`);
    await this.ready();
  }

  async ready() {
    await this.page.waitForSelector('.bookingjs-calendar, .bookingjs-error', { state: 'attached' });
    await this.page.waitForSelector('.bookingjs-loading', { state: 'detached' });
  }

  // slots are what the calendar shows now: day and hour as the visitor reads them.
  slots() {
    return this.page.$$eval('.bookingjs .fc-event', (events) => events.map((event) => {
      const day = event.closest('[data-date]').dataset.date;
      const [, hour, minute, half] = event.querySelector('.fc-event-time').textContent.match(/(\d+)(?::(\d\d))?\s*([ap]?)/i);
      const hours = half ? (hour % 12) + (/p/i.test(half) ? 12 : 0) : Number(hour);
      const time = `${String(hours).padStart(2, '0')}:${minute ?? '00'}`;
      const head = document.querySelector(`.fc-col-header-cell[data-date="${day}"]`)?.textContent ?? '';
      const line = document.querySelector(`.fc-timegrid-slot-lane[data-time="${time}:00"]`);
      const off = line ? Math.abs(line.getBoundingClientRect().top - event.getBoundingClientRect().top) : 0;
      return { at: `${day} ${time}`, head, misplaced: off > 3 };
    }));
  }

  // shown are the times of the slots, in order. A slot must stand where its hour is, and below its day.
  async shown() {
    const slots = await this.slots();
    assert.deepEqual(slots.filter((slot) => slot.misplaced), [], 'slots stand beside their hour');
    for (const { at, head } of slots) {
      const [month, day] = [Number(at.slice(5, 7)), Number(at.slice(8, 10))];
      const said = (head.match(/\d+/g) ?? []).map(Number).sort();
      assert.deepEqual(said, [month, day].sort(), `${at} stands below ${head}`);
    }
    return slots.map((slot) => slot.at).sort();
  }

  // scroll brings the first slot into sight; the widget means to, and does not.
  async scroll() {
    await this.page.locator('.bookingjs .fc-event').first().evaluate((event) => event.scrollIntoView({ block: 'center' }));
    await this.page.evaluate(() => window.scrollTo(0, 0));
  }

  async turn() {
    await this.page.click('.fc-next-button');
  }

  // pick clicks on a slot and waits for the form.
  async pick(at) {
    const index = (await this.slots()).findIndex((slot) => slot.at === at);
    assert.notEqual(index, -1, `${at} is not shown`);
    await this.page.locator('.bookingjs .fc-event').nth(index).click();
    await this.page.waitForSelector('.bookingjs-bookpage.show');
    await this.page.waitForFunction(() => getComputedStyle(document.querySelector('.bookingjs-bookpage')).opacity === '1');
  }

  // heading is what the form says of the slot.
  heading() {
    return this.page.$$eval('.bookingjs-bookpage-header > *', (parts) => parts.map((part) => part.textContent.replace(/\s+/g, ' ').trim()));
  }

  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`.bookingjs-form [name="${name}"]`).first();
      const kind = await field.evaluate((element) => element.type);
      if (kind === 'checkbox') await field.check();
      else if (kind === 'select-one') await field.selectOption(value);
      else await field.fill(value);
    }
  }

  // submit sends the form and returns what the widget says then.
  async submit() {
    await this.page.click('.bookingjs-form-button');
    // One call waits and reads: the widget loads the page anew soon after, and a second call may come too late.
    const said = await this.page.evaluate((end) => new Promise((resolve) => {
      const look = () => {
        const element = document.querySelector(end);
        if (element && element.getClientRects().length) resolve(element.textContent);
        else setTimeout(look, 20);
      };
      look();
    }), '.bookingjs-form.success .bookingjs-form-success-message-body, .bookingjs-error');
    return said.replace(/\s+/g, ' ').trim();
  }

  // dismiss closes what submit said; the widget asks for the free time again.
  async dismiss() {
    await this.page.click('.bookingjs-form-button');
    await this.page.waitForSelector('.bookingjs-bookpage', { state: 'detached' });
    await this.ready();
    return this.shown();
  }

  async picture(what) {
    this.pictures += 1;
    await this.page.waitForTimeout(350); // movements of the widget's style
    const file = `${this.story.name}-${this.pictures}-${what}.png`;
    await this.page.screenshot({ path: path.join(this.settings.artifacts, file) });
  }
}

async function play(browser, story, settings) {
  const screen = story.phone
    ? { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }
    : { viewport: { width: 1280, height: 900 } };
  const context = await browser.newContext({ ...screen, timezoneId: story.timezone, locale: 'en-US' });
  const visit = new Visit(await context.newPage(), story, settings);
  try {
    await visit.fence(context);
    await visit.open();
    const seen = await plays[story.play](visit, story);
    assert.deepEqual(visit.faults, []);
    return { name: story.name, fault: '', seen };
  } catch (fault) {
    await visit.picture('fault').catch(() => {});
    return { name: story.name, fault: [fault.stack, ...visit.faults].join('\n'), seen: {} };
  } finally {
    await context.close();
  }
}

run(play, 3); // the widget waits a lot, for movements of its style
