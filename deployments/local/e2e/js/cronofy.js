// Checks notifications with the unmodified cronofy SDK, and prints one JSON line per message: {ok}.
//
// usage: node cronofy.js < [{secret, hmac, body}, …]
'use strict';

const { text } = require('node:stream/consumers');
const Cronofy = require('cronofy');

async function main() {
  for (const { secret, hmac, body } of JSON.parse(await text(process.stdin))) {
    const ok = new Cronofy({}).hmacValid({ hmac, body, client_secret: secret });
    process.stdout.write(`${JSON.stringify({ ok })}\n`);
  }
}

main();
