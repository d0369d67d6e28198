// What the SDK can be told, and what of it goes over the wire.
'use strict';

module.exports = async function settings(tk, { assert, step, refused, api, another }) {
  await step('newInstance', async () => tk.newInstance(), () => {
    assert.notEqual(tk.newInstance().getConfig(), tk.getConfig());
  });
  await step('configure', async () => tk.configure({ timezone: 'Europe/Berlin' }));
  await step('getConfig', async () => {
    assert.equal(tk.getConfig().apiBaseUrl, `${api}/`);
    assert.equal(tk.getConfig().timezone, 'Europe/Berlin');
  });
  await step('getAppKey', async () => assert.match(tk.getAppKey(), /^live_api_key_/));
  await step('setAppKey', async () => {
    const other = another('');
    other.setAppKey('nonsense');
    await assert.rejects(other.getApp(), (answer) => answer.status === 401 && answer.data.code === 'unauthorized');
    other.setAppKey(tk.getAppKey());
    assert.equal((await other.getApp()).status, 200);
  });

  // Any call can be made without a method of its own: keys are Holdfast's, and the SDK knows nothing of them.
  await step('makeRequest', () => tk.makeRequest({ url: '/keys', method: 'post', data: { kind: 'widget' } }), (key, answer) => {
    assert.equal(answer.status, 201);
    assert.match(key.key, /^live_widget_key_/);
  });
  await step('headers', async () => {
    const headers = { 'Timekit-OutputTimestampFormat': 'U' };
    const { data } = await tk.headers(headers).getApp();
    assert.match(String(data.created_at), /^\d{10}$/);
    const next = await tk.getApp(); // they go with one call only
    assert.match(next.data.created_at, /^\d{4}-\d\d-\d\dT/);
    return next;
  });
  await step('carry', () => tk.carry({ params: { limit: 1, page: 1 } }).getResources(), (list, answer) => {
    assert.deepEqual(list, []);
    assert.equal(answer.metaData.total, 0);
    assert.equal(answer.metaData.current_page, 1);
  });
  await step('asApp', async () => {
    const { data } = await tk.getApp();
    return tk.asApp(data.slug).getApp();
  }, (app) => assert.match(app.slug, /^testsdk/));

  const formats = another(tk.getAppKey());
  formats.configure({
    inputTimestampFormat: 'Y-m-d h:ia', outputTimestampFormat: 'Y-m-d h:ia', timezone: 'America/New_York',
    convertResponseToCamelcase: true, headers: { 'X-Request-Id': 'settings-1' },
  });
  await step('createResource', () => formats.createResource({ name: 'Formats', timezone: 'Europe/Berlin' }), (made, answer) => {
    assert.match(made.createdAt, /^\d{4}-\d\d-\d\d \d\d:\d\d[ap]m$/);
    assert.equal(answer.headers['x-request-id'], 'settings-1');
  }).then(async ({ id }) => {
    const booking = { resource_id: id, graph: 'instant', start: '2030-12-01 09:00am', end: '2030-12-01 10:00am', what: 'Formats' };
    await step('include', () => formats.include('event', 'user').createBooking(booking), (made) => {
      assert.equal(made.event.start, '2030-12-01 09:00am');
      assert.equal(made.user.id, id);
    });
    await refused('createBooking', 409, 'slot_taken', () => tk.createBooking({
      resource_id: id, graph: 'instant', start: '2030-12-01T15:30:00+01:00', end: '2030-12-01T15:45:00+01:00', what: 'Overlap',
    }));
  });
};
