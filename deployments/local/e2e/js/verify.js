// Checks signed messages with the unmodified standardwebhooks, and prints one JSON line per message: {ok, what}.
//
// usage: node verify.js < [{secret, headers, body}, …]
'use strict';

const { text } = require('node:stream/consumers');
const { Webhook } = require('standardwebhooks');

async function main() {
  for (const { secret, headers, body } of JSON.parse(await text(process.stdin))) {
    let what = '';
    try {
      new Webhook(secret).verify(body, headers);
    } catch (fault) {
      what = fault.message;
    }
    process.stdout.write(`${JSON.stringify({ ok: what === '', what })}\n`);
  }
}

main();
