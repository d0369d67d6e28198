// Drives the unmodified timekit-sdk against a service and prints one JSON line per call:
// {method, request, status, ok, what}. A method that no story called is a line, too, with ok false.
//
// usage: node sdk.js API SERVER_KEY ADMIN_KEY
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const timekit = require('timekit-sdk');

const [api, serverKey, adminKey] = process.argv.slice(2);
const known = Object.keys(timekit).filter((name) => typeof timekit[name] === 'function');
const called = new Set();
const stories = ['settings', 'apps', 'resources', 'calendars', 'availability', 'projects', 'places', 'bookings', 'sessions', 'gone'];

// watch hands out an instance that notes which of its methods were called. The instance itself stays as it is.
function watch(instance) {
  return new Proxy(instance, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      return function (...args) {
        called.add(name);
        const result = value.apply(this, args);
        return name === 'newInstance' ? watch(result) : result;
      };
    },
  });
}

// sdk makes an instance as a customer's program would.
function sdk(appKey) {
  const tk = watch(timekit).newInstance();
  tk.configure({ apiBaseUrl: `${api}/`, apiVersion: 'v2', appKey });
  return tk;
}

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// described is what went over the wire for an answer: axios keeps the request of Node below it.
function described(answer) {
  const request = answer?.request;
  if (!request?.path) return { request: '', status: answer?.status ?? 0 };
  return { request: `${request.method} ${request.path}`, status: answer.status };
}

// step makes one call and looks at its answer; a step that fails does not end the story. It returns the answer's data,
// or {} so that the next steps fail by themselves.
async function step(method, call, look = () => {}) {
  let answer;
  try {
    answer = await call();
    assert.ok(called.has(method), `${method} was not called`);
    await look(answer?.data, answer);
    tell({ method, ...described(answer), ok: true, what: '' });
  } catch (fault) {
    const refused = fault?.status !== undefined;
    const what = refused ? JSON.stringify(fault.data) : String(fault?.message ?? fault);
    tell({ method, ...described(refused ? fault : answer), ok: false, what: what.slice(0, 2000) });
  }
  return answer?.data ?? {};
}

// refused makes a call that is to be refused with a status and a code, and looks at the refusal.
async function refused(method, status, code, call, look = () => {}) {
  await step(
    method,
    async () => {
      try {
        await call();
      } catch (answer) {
        if (answer?.status === undefined) throw answer;
        return answer;
      }
      throw new Error(`${method} was accepted`);
    },
    async (data, answer) => {
      assert.equal(answer.status, status, JSON.stringify(data));
      assert.equal(data.code, code);
      assert.ok(data.error.length > 10, 'the error has no text');
      await look(data, answer);
    },
  );
}

// unsupported makes a call that the server has nothing for; the answer must say what to do instead.
function unsupported(method, call, instead) {
  return refused(method, 501, 'not_supported', call, (data) => assert.match(data.error, instead));
}

// throws makes a call that the SDK itself cannot make.
function throws(method, call, type) {
  assert.throws(call, type);
  tell({ method, request: '', status: 0, ok: true, what: 'throws' });
}

// eventually waits until a check holds.
async function eventually(check) {
  for (const deadline = Date.now() + 120_000; ; await sleep(50)) {
    try {
      return await check();
    } catch (fault) {
      if (Date.now() > deadline) throw fault;
    }
  }
}

async function main() {
  const tools = { assert, step, refused, unsupported, throws, eventually, api, adminKey };
  const tk = sdk(serverKey);
  for (const story of stories) {
    try {
      await require(`./stories/${story}`)(tk, { ...tools, another: sdk });
    } catch (fault) { // the steps that follow are not called, which is told below
      const what = fault?.data ? JSON.stringify(fault.data) : String(fault?.stack);
      tell({ method: `the story ${story}`, ...described(fault), ok: false, what });
    }
  }
  for (const method of known) {
    if (!called.has(method)) tell({ method, request: '', status: 0, ok: false, what: 'no story calls it' });
  }
}

main().catch((fault) => {
  process.stderr.write(`${fault?.stack ?? fault}\n`);
  process.exitCode = 1;
});
