// Launches Chromium for a script of stories and lets some of them play at the same time.
'use strict';

const { text } = require('node:stream/consumers');
const { setTimeout: sleep } = require('node:timers/promises');
const { chromium } = require('playwright-core');

const quiet = [
  '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
];

async function playAll(play, atOnce) {
  const settings = JSON.parse(await text(process.stdin));
  const browser = await chromium.launch({ executablePath: settings.chromium, args: quiet });
  try {
    const queue = [...settings.stories];
    const work = async () => {
      for (let story = queue.shift(); story; story = queue.shift()) {
        process.stdout.write(`${JSON.stringify(await play(browser, story, settings))}\n`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    await browser.close();
  }
}

// pause waits before the next try at a service that other tests overload.
exports.pause = () => sleep(2000);

// run reads the settings from standard input, plays all their stories, atOnce of them at a time, and writes what
// play(browser, story, settings) returns for each as a line of JSON. A fault outside of a story ends the process with status 1.
exports.run = (play, atOnce) => playAll(play, atOnce).catch((fault) => {
  process.stderr.write(`${fault.stack}\n`);
  process.exitCode = 1;
});
