// The app and its people: an app of one's own, credentials, signing in.
'use strict';

module.exports = async function apps(tk, { assert, step, refused, another, adminKey }) {
  const { slug } = await step('getApp', () => tk.getApp(), (app) => {
    assert.equal(app.name, 'Barber & Co');
    assert.ok(app.webhook_secret.length >= 16);
    assert.equal(app.test_mode, false);
  });
  await refused('getApps', 401, 'unauthorized', () => tk.getApps());

  // What mails say: one text for each kind of mail.
  await step('getEmailTemplates', () => tk.getEmailTemplates(), (all) => {
    const usual = all.find((one) => one.slug === 'booking_confirmed' && one.to === 'customer' && one.language === 'en');
    assert.equal(usual.heading, 'You are booked');
    assert.deepEqual(usual.own, []);
  });
  await step('updateEmailTemplate', () => tk.updateEmailTemplate({ slug: 'booking_requested', subject: 'Hello {what}' }), (changed) => {
    assert.equal(changed.subject, 'Hello {what}');
  });
  await step('getEmailTemplate', () => tk.getEmailTemplate('booking_requested'), (got) => {
    assert.equal(got.subject, 'Hello {what}');
    assert.deepEqual(got.own, ['subject']);
  });
  await refused('updateEmailTemplate', 422, 'invalid', () => tk.updateEmailTemplate({ slug: 'booking_requested', subject: '{colour}' }));
  await refused('getEmailTemplate', 404, 'not_found', () => tk.getEmailTemplate('welcome'));

  // Apps are made with the admin key of the server's configuration.
  const admin = another(adminKey);
  const own = `${slug.slice(0, 40)}-own`;
  const made = await step('createApp', () => admin.createApp({ name: 'Own', slug: own }), (app, answer) => {
    assert.equal(answer.status, 201);
    assert.match(app.api_key, /^live_api_key_/);
  });
  await step('getApps', () => admin.getApps(), (all) => assert.ok(all.some((app) => app.slug === own)));
  const owner = another(made.api_key);
  const change = { slug: own, name: 'Renamed', settings: { redirectHosts: ['example.com'] } };
  await step('updateApp', () => owner.updateApp(change), async () => {
    const { data: app } = await owner.getApp();
    assert.equal(app.name, 'Renamed');
    assert.deepEqual(app.settings.redirect_hosts, ['example.com']);
  });
  await step('deleteApp', () => admin.deleteApp({ slug: own }), async (_, answer) => {
    assert.equal(answer.status, 204);
    await assert.rejects(owner.getApp(), (refusal) => refusal.status === 401);
  });
};
