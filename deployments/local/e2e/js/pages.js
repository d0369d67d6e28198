// Visits the pages of public links in Chromium. Stories come in as JSON on standard input; for each one goes out as a line
// {name, fault, seen}: what the pages showed. What was booked is for the caller to look at.
//
// input: {chromium, artifacts, stories: [{name, play, url, timezone, phone, dark, plain, …}]}
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { pause, run } = require('./browser');
const plays = require('./stories/pages');

const patience = 120_000;

// faultsOf is what is wrong with a page for somebody with a small screen, a keyboard, or a reader; it runs in the page.
function faultsOf() {
  const faults = [];
  const seen = (element) => element.getClientRects().length > 0;
  if (document.documentElement.lang !== 'en') faults.push('no language');
  if (!document.title.trim()) faults.push('no title');
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]));
  if (levels[0] !== 1 || levels.filter((n) => n === 1).length !== 1 || levels.some((n, i) => i && n > levels[i - 1] + 1)) faults.push(`headings ${levels}`);
  if (document.querySelectorAll('main').length !== 1) faults.push('no main');
  for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    if (!field.labels.length || !field.labels[0].textContent.trim()) faults.push(`${field.name} has no label`);
    if (field.getAttribute('aria-invalid') && !document.getElementById(field.getAttribute('aria-describedby'))) faults.push(`${field.name} does not say what is wrong`);
  }
  for (const target of document.querySelectorAll('button, .button, .times a, .weeks a, input:not([type=hidden]):not([type=checkbox]), select, textarea')) {
    if (seen(target) && target.getBoundingClientRect().height < 43.5) faults.push(`${target.textContent.trim() || target.name} is ${target.getBoundingClientRect().height} px high`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  if (new Set(ids).size !== ids.length) faults.push('an id stands twice');
  const shade = (color) => {
    const [r, g, b] = color.match(/[\d.]+/g).map((n) => Number(n) / 255).map((n) => (n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (!/, 0\)$|transparent/.test(color)) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const element of document.querySelectorAll('main *')) {
    if (!seen(element) || ![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    if (element.closest('select')) continue;
    const [a, b] = [shade(getComputedStyle(element).color), shade(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faults.push(`"${element.textContent.trim().slice(0, 30)}" is hard to read`);
  }
  return faults;
}

class Visit {
  constructor(page, story, settings) {
    Object.assign(this, { page, story, settings, faults: [], pictures: 0 });
    page.setDefaultTimeout(patience);
    page.on('pageerror', (fault) => this.faults.push(`the page threw: ${fault}`));
    page.on('console', (line) => { if (line.type() === 'error' && !/status of (4|2)\d\d|status of 503/.test(line.text())) this.faults.push(`the console says: ${line.text()}`); });
  }

  // beside is another visitor, of whose page nothing is held against this one.
  beside(page) { return new Visit(page, this.story, this.settings); }

  async fence(context) {
    const near = new Set([this.story.url, ...(this.story.near ?? [])].map((url) => new URL(url).origin));
    await context.route((url) => !near.has(url.origin), (route) => {
      this.faults.push(`the page called ${route.request().url()}`);
      return route.abort();
    });
  }

  async open(url = this.story.url) {
    const answer = await this.page.goto(url);
    await this.page.waitForLoadState();
    return answer?.status() ?? 0;
  }

  // arrive opens the page of times; with scripts it finds the visitor's zone by itself.
  async arrive(url = this.story.url) {
    await this.open(url);
    if (!this.story.plain) await this.page.waitForURL((now) => now.searchParams.has('tz') || this.story.timezone === this.story.home);
    await this.page.waitForSelector('h1');
  }

  title() { return this.page.locator('h1').textContent(); }

  // words are what the page says, but for the names of all the zones.
  words() {
    return this.page.evaluate(() => {
      const main = document.querySelector('main').cloneNode(true);
      main.querySelectorAll('select').forEach((list) => list.remove());
      return main.textContent.replace(/\s+/g, ' ').trim();
    });
  }

  // times are what the page shows: label and instant.
  times() {
    return this.page.$$eval('.times a', (all) => all.map((a) => ({ label: a.getAttribute('aria-label'), at: a.querySelector('time').dateTime })));
  }

  async pick(n = 0) {
    const one = (await this.times())[n];
    assert.ok(one, `there is no time ${n}: ${await this.words()}`);
    await this.page.locator('.times a').nth(n).click();
    await this.page.waitForSelector('form[method=post]');
    return one;
  }

  async fill(fields = { name: 'Marty McFly', email: 'marty@example.com' }) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`form[method=post] [name="${name}"]`);
      if (await field.getAttribute('type') === 'checkbox') await field.check(); else await field.fill(value);
    }
  }

  // press sends a form, again when the service is overloaded by other tests: its page then keeps what was typed.
  async press(button = 'form[method=post] button') {
    await this.click(button);
    while (/Many people are booking at this moment/.test(await this.words())) {
      await pause();
      await this.click('form[method=post] button');
    }
  }

  async click(button) {
    await this.page.locator(button).click();
    await this.page.waitForLoadState();
  }

  async follow(text) {
    await this.page.getByRole('link', { name: text }).click();
    await this.page.waitForLoadState();
  }

  // picture looks at the page, at the story's size and at the smallest that is promised, and takes its picture.
  async picture(what) {
    const found = await this.page.evaluate(faultsOf);
    const size = this.page.viewportSize();
    await this.page.setViewportSize({ width: 320, height: 640 });
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > 320) found.push(`it is ${wide} px wide on a screen of 320 px`);
    await this.page.setViewportSize(size);
    this.faults.push(...found.map((fault) => `${what}: ${fault}`));
    this.pictures += 1;
    await this.page.screenshot({ path: path.join(this.settings.artifacts, `${this.story.name}-${this.pictures}-${what}.png`), fullPage: true });
  }
}

async function play(browser, story, settings) {
  const screen = story.phone ? { viewport: { width: 390, height: 844 }, hasTouch: true, deviceScaleFactor: 2 } : { viewport: { width: 1280, height: 900 } };
  const context = await browser.newContext({
    ...screen, timezoneId: story.timezone, locale: 'en-GB', colorScheme: story.dark ? 'dark' : 'light', javaScriptEnabled: !story.plain,
  });
  const visit = new Visit(await context.newPage(), story, settings);
  try {
    await visit.fence(context);
    const seen = await plays[story.play](visit, story, browser);
    assert.deepEqual(visit.faults, []);
    return { name: story.name, fault: '', seen };
  } catch (fault) {
    await visit.page.screenshot({ path: path.join(settings.artifacts, `${story.name}-fault.png`), fullPage: true }).catch(() => {});
    return { name: story.name, fault: [fault.stack, ...visit.faults].join('\n'), seen: {} };
  } finally {
    await context.close();
  }
}

run(play, 2);
