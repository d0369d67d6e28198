// What Timekit itself gave up, and what this server leaves to others: each answer says what to do instead.
'use strict';

module.exports = async function gone(tk, { unsupported }) {
  const id = '00000000-0000-4000-8000-000000000000';
  const email = 'doc.brown@example.com';
  await unsupported('findTime', () => tk.findTime({ resource_ids: [id], length: '1 hour', future: '2 days' }), /\/v2\/availability/);
  await unsupported('findTimeBulk', () => tk.findTimeBulk([{ resource_ids: [id], length: '1 hour' }]), /\/v2\/availability/);
  await unsupported('findTimeTeam', () => tk.findTimeTeam({ resource_ids: [id], length: '1 hour' }), /\/v2\/availability/);
  const rules = /availability_constraints/;
  await unsupported('createFindTimeFilterCollection', () => tk.createFindTimeFilterCollection({ or: [], and: [] }), rules);
  await unsupported('getFindTimeFilterCollections', () => tk.getFindTimeFilterCollections(), rules);
  await unsupported('updateFindTimeFilterCollection', () => tk.updateFindTimeFilterCollection({ id, or: [] }), rules);

  const projects = /\/v2\/projects/;
  await unsupported('getWidgets', () => tk.getWidgets(), projects);
  await unsupported('getWidget', () => tk.getWidget({ id }), projects);
  await unsupported('getHostedWidget', () => tk.getHostedWidget({ slug: 'haircut' }), projects);
  await unsupported('getEmbedWidget', () => tk.getEmbedWidget({ id }), projects);
  await unsupported('createWidget', () => tk.createWidget({ name: 'Haircut', config: {} }), projects);
  await unsupported('updateWidget', () => tk.updateWidget({ id, name: 'Shave' }), projects);
  await unsupported('deleteWidget', () => tk.deleteWidget({ id }), projects);

  const resources = /\/v2\/resources/;
  await unsupported('createUser', () => tk.createUser({ first_name: 'Emmett', email, timezone: 'UTC' }), resources);
  await unsupported('getUserInfo', () => tk.getUserInfo(), resources);
  await unsupported('updateUser', () => tk.updateUser({ first_name: 'Doc' }), resources);
  await unsupported('resetUserPassword', () => tk.resetUserPassword({ email }), /mail/);
  await unsupported('getUserTimezone', () => tk.getUserTimezone({ email }), resources);
};
