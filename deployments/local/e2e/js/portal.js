// Drives the portal in Chromium. Stories come in as JSON on standard input; for each one goes out as a line
// {name, fault, seen}: what the pages said. What it did to the record is for the caller to look at.
//
// input: {chromium, portal, artifacts, stories: [{name, play, key, script, …}]}
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { run } = require('./browser');
const plays = require('./stories/portal');

const patience = 120_000;

// Visit is one browser with the portal open in it.
class Visit {
  constructor(browser, story, settings) {
    Object.assign(this, { browser, story, settings, faults: [], contexts: [] });
  }

  // enter opens another browser window without anything in it; script turns JavaScript off where it is false.
  async enter(options = {}) {
    const context = await this.browser.newContext({
      javaScriptEnabled: this.story.script !== false, locale: 'en-GB', timezoneId: 'Europe/Berlin',
      viewport: { width: 1280, height: 900 }, ...options,
    });
    this.contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    page.on('pageerror', (fault) => this.faults.push(`the page threw: ${fault}`));
    page.on('console', (line) => {
      if (line.type() === 'error' && !/status of (4\d\d|303)/.test(line.text())) this.faults.push(`the console says: ${line.text()}`);
    });
    page.on('dialog', (dialog) => { this.faults.push(`a script ran: ${dialog.message()}`); dialog.dismiss(); });
    await context.route((url) => url.origin !== new URL(this.settings.portal).origin && !this.story.anywhere, (route) => {
      this.faults.push(`the page called ${route.request().url()}`);
      return route.abort();
    });
    this.page = page;
    return page;
  }

  go(address) { return this.page.goto(new URL(address, this.settings.portal).href); }

  async signIn(key = this.story.key) {
    await this.go('/portal/sign-in');
    await this.page.fill('#key', key);
    await this.press('Sign in');
  }

  // press clicks on a button or a link by its text and waits for the page that comes.
  async press(name, scope = 'main') {
    const within = this.page.locator(scope);
    const target = within.getByRole('button', { name, exact: true }).or(within.getByRole('link', { name, exact: true }));
    await Promise.all([this.page.waitForEvent('domcontentloaded'), target.first().click()]);
  }

  // follow clicks on a link by its selector and waits for the whole page that comes.
  follow(selector) { return Promise.all([this.page.waitForEvent('domcontentloaded'), this.page.click(selector)]); }

  // set opens the details around a field and ticks, picks or fills it.
  async set(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`main [name="${name}"]`).first();
      await field.evaluate((element) => { const d = element.closest('details:not([open])'); if (d) d.open = true; }).catch(() => {});
      const kind = await field.evaluate((element) => element.type);
      if (kind === 'checkbox' || kind === 'radio') {
        for (const one of [value].flat()) await this.page.check(`main [name="${name}"][value="${one}"]`);
      } else if (kind === 'select-one') await field.selectOption(value);
      else await field.fill(value);
    }
  }

  async says(selector = 'main') { return (await this.page.locator(selector).first().innerText()).replace(/\s+/g, ' ').trim(); }

  // expect fails the story where the page does not say something.
  async expect(...texts) {
    const said = await this.says();
    for (const one of texts) assert.ok(said.includes(one), `the page does not say "${one}", but: ${said.slice(0, 500)}`);
  }

  // until loads the page again until it says something: what a person does where there is no script.
  async until(words, reload = true) {
    for (const end = Date.now() + patience; ; await this.page.waitForTimeout(250)) {
      if ((await this.says()).includes(words)) return;
      assert.ok(Date.now() < end, `the page never says "${words}", but: ${(await this.says()).slice(0, 500)}`);
      if (reload) await this.page.reload();
    }
  }

  id() { return new URL(this.page.url()).pathname.split('/')[3]; }

  picture(what) {
    return this.page.screenshot({ path: path.join(this.settings.artifacts, `${this.story.name}-${what}.png`), fullPage: true });
  }
}

async function play(browser, story, settings) {
  const visit = new Visit(browser, story, settings);
  try {
    await visit.enter();
    const seen = await plays[story.play](visit, story);
    assert.deepEqual(visit.faults, []);
    return { name: story.name, fault: '', seen };
  } catch (fault) {
    await visit.picture('fault').catch(() => {});
    return { name: story.name, fault: [fault.stack, visit.page?.url(), ...visit.faults].join('\n'), seen: {} };
  } finally {
    for (const context of visit.contexts) await context.close();
  }
}

run(play, 2);
