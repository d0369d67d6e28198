// Projects: what a widget or a hosted page offers, and who serves it.
'use strict';

module.exports = async function projects(tk, { assert, step, refused, another }) {
  const [one, two, three] = (await Promise.all(['Uno', 'Due', 'Tre'].map((name) => tk.createResource({ name, timezone: 'Europe/Rome' }))))
    .map((answer) => answer.data.id);
  const slug = `haircut-${one.slice(-12)}`;
  const project = await step('createProject', () => tk.createProject({
    name: 'Haircut', slug, resources: [one],
    availability: { mode: 'roundrobin_random', length: '30 minutes', from: '1 hour', to: '2 weeks' },
    availabilityConstraints: [{ allowHours: { start: 8, end: 18 } }], booking: { graph: 'instant' },
    customerFields: { name: { title: 'Name', required: true }, email: { title: 'E-mail', required: true } }, meta: { colour: 'red' },
  }), (made, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(made.slug, slug);
    assert.deepEqual(made.availability_constraints, [{ allow_hours: { start: 8, end: 18 } }]);
  });
  await step('updateProject', () => tk.updateProject({ id: project.id, name: 'Shave' }), (_, answer) => assert.equal(answer.status, 204));
  await step('getProject', () => tk.getProject({ id: project.id }), (got) => {
    assert.equal(got.name, 'Shave');
    assert.equal(got.slug, slug);
  });
  await step('getProjects', () => tk.getProjects(), (list, answer) => {
    assert.deepEqual(list.map((other) => other.id), [project.id]);
    assert.equal(answer.metaData.total, 1);
  });
  await step('getHostedProject', () => another('').getHostedProject({ slug }), (got) => {
    assert.match(got.app_key, /^live_widget_key_/);
    assert.equal(got.meta, undefined, 'visitors are told of meta');
  });
  const { data: key } = await tk.makeRequest({ url: '/keys', method: 'post', data: { kind: 'widget' } });
  await step('getEmbedProject', () => another(key.key).getEmbedProject({ id: project.id }), (got) => assert.equal(got.id, project.id));
  await refused('getProject', 403, 'forbidden', () => another(key.key).getProject({ id: project.id }));

  const members = async () => (await tk.getProjectResources({ id: project.id })).data.map((resource) => resource.id);
  await step('addProjectResource', () => tk.addProjectResource({ id: project.id, resourceId: two }), async () => {
    assert.deepEqual(await members(), [one, two]);
  });
  await step('setProjectResources', () => tk.setProjectResources({ id: project.id, resources: [three, one] }), async () => {
    assert.deepEqual(await members(), [three, one]);
  });
  await step('removeProjectResource', () => tk.removeProjectResource({ id: project.id, resourceId: one }), async (_, answer) => {
    assert.equal(answer.status, 204);
    assert.deepEqual(await members(), [three]);
  });
  await step('getProjectResources', () => tk.getProjectResources({ id: project.id }), ([only]) => assert.equal(only.name, 'Tre'));

  // A booking through the project takes its graph and its name.
  const booking = await step('createBooking', () => tk.include('project', 'event').createBooking({
    projectId: project.id, resourceId: three, start: '2030-12-05T09:00:00+01:00', end: '2030-12-05T09:30:00+01:00',
  }), (made) => {
    assert.equal(made.graph, 'instant');
    assert.equal(made.project.id, project.id);
    assert.equal(made.event.what, 'Shave');
  });
  await step('deleteProject', () => tk.deleteProject({ id: project.id }), async (_, answer) => {
    assert.equal(answer.status, 204);
    assert.equal((await tk.getBooking({ id: booking.id })).data.state, 'confirmed'); // it stays
    await assert.rejects(tk.getProject({ id: project.id }), (refusal) => refusal.status === 404);
  });
};
