// People and things that are booked, and how they sign in.
'use strict';

module.exports = async function resources(tk, { assert, step, refused, unsupported, another }) {
  const email = 'doc.brown@example.com';
  const doc = await step('createResource', () => tk.createResource({
    name: 'Doc Brown', firstName: 'Emmett', lastName: 'Brown', email, timezone: 'America/Los_Angeles',
    password: 'DeLorean-1955', meta: { coat: 'white' },
  }), (made, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(made.first_name, 'Emmett');
    assert.equal(made.timezone, 'America/Los_Angeles');
    assert.deepEqual(made.meta, { coat: 'white' });
  });
  await refused('createResource', 422, 'invalid', () => tk.createResource({ name: 'Nowhere', timezone: 'Hill/Valley' }), (data) => {
    assert.ok(data.errors.timezone);
  });
  await step('getResource', () => tk.getResource({ id: doc.id }), (got) => assert.equal(got.email, email));
  await step('updateResource', () => tk.updateResource({ id: doc.id, lastName: 'von Braun' }));
  await step('getResources', () => tk.getResources(), (list, answer) => {
    assert.ok(list.some((one) => one.last_name === 'von Braun' && one.first_name === 'Emmett'));
    assert.equal(answer.metaData.total, list.length);
  });
  await step('getResourceTimezone', () => tk.getResourceTimezone({ email }), (got) => {
    assert.equal(got.timezone, 'America/Los_Angeles');
  });
  await unsupported('resetResourcePassword', () => tk.resetResourcePassword({ email }), /mail/);

  // Signing in gives a token, with which the SDK goes on by itself.
  const { data: { slug } } = await tk.getApp();
  const person = another(null);
  person.configure({ app: slug });
  const signedIn = await step('auth', () => person.auth({ email, password: 'DeLorean-1955' }), (got) => {
    assert.equal(got.email, email);
    assert.ok(got.api_token.length >= 20);
  });
  await step('getUser', async () => assert.deepEqual(person.getUser(), { email, apiToken: signedIn.api_token }));
  await step('getResource', () => person.getResource({ id: doc.id }), (got) => assert.equal(got.id, doc.id));
  await refused('getResources', 403, 'forbidden', () => person.getResources());
  await refused('auth', 401, 'unauthorized', () => another(tk.getAppKey()).auth({ email, password: 'wrong' }));

  const made = await step('createCredential', () => tk.createCredential({
    resourceId: doc.id, type: 'server-token', name: 'Mobile',
  }), (got, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(got.type, 'server-token');
  });
  await step('getCredentials', () => tk.carry({ params: { search: `resource.id:${doc.id}` } }).getCredentials(), (list) => {
    assert.ok(list.some((one) => one.id === made.id && one.token === undefined), 'the list tells tokens');
  });
  const mobile = another(null);
  await step('setUser', async () => mobile.setUser(email, made.token), async () => {
    assert.equal((await mobile.getResource({ id: doc.id })).status, 200);
  });
  await step('asUser', () => another(null).asUser(email, made.token).getResource({ id: doc.id }), (got) => {
    assert.equal(got.id, doc.id);
  });
  await step('deleteCredential', () => tk.deleteCredential({ id: made.id }), async (_, answer) => {
    assert.equal(answer.status, 204);
    await assert.rejects(mobile.getResource({ id: doc.id }), (refusal) => refusal.status === 401);
  });

  const gone = await step('createResource', () => tk.createResource({ name: 'Biff', timezone: 'UTC' }));
  await step('deleteResource', () => tk.deleteResource({ id: gone.id }), async (_, answer) => {
    assert.equal(answer.status, 204);
    await assert.rejects(tk.getResource({ id: gone.id }), (refusal) => refusal.status === 404);
  });

  // Calendars elsewhere are not synchronized; there are no accounts.
  await step('getAccounts', () => tk.getAccounts(), (list) => assert.deepEqual(list, []));
  await unsupported('accountGoogleSync', () => tk.accountGoogleSync(), /events/);
  await unsupported('accountMicrosoftSync', () => tk.accountMicrosoftSync(), /events/);
  await unsupported('accountSync', () => tk.accountSync({ callback: 'x' }), /events/);
  for (const method of ['accountGoogleSignup', 'accountMicrosoftSignup']) {
    const url = tk.asApp('demo')[method]({ callback: 'https://example.com/' }, false);
    assert.match(url, /\/v2\/accounts\/(google|microsoft)\/signup\?Timekit-App=demo&callback=https:\/\/example.com\/$/);
    await unsupported(method, () => tk.makeRequest({ url: url.split('/v2')[1], method: 'get' }), /events/);
  }
};
