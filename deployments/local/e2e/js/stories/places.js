// Locations, the services offered there, and the projects of both.
'use strict';

module.exports = async function places(tk, { assert, step, throws }) {
  const place = await step('createLocation', () => tk.createLocation({
    name: 'Mitte', description: 'By the river', latitude: 52.52, longitude: 13.405, meta: { parking: false },
  }), (made, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(Number(made.latitude), 52.52);
  });
  await step('updateLocation', () => tk.updateLocation({ id: place.id, name: 'Centre' }));
  await step('getLocation', () => tk.getLocation({ id: place.id }), (got) => {
    assert.equal(got.name, 'Centre');
    assert.equal(got.description, 'By the river');
  });
  const service = await step('createService', () => tk.createService({ name: 'Cut', description: 'and dry' }), (_, answer) => {
    assert.equal(answer.status, 201);
  });
  await step('updateService', () => tk.updateService({ id: service.id, name: 'Long cut' }));
  await step('getServices', () => tk.getServices(), (list) => assert.deepEqual(list.map((one) => one.name), ['Long cut']));
  // The SDK's own fault: it reads a variable that does not exist.
  throws('getService', () => tk.getService({ id: service.id }), ReferenceError);

  const { data: here } = await tk.createProject({ name: 'Cut in the centre', locations: [place.id], services: [service.id] });
  const { data: there } = await tk.createProject({ name: 'Cut elsewhere', services: [service.id] });
  await step('getLocations', () => tk.include('services').getLocations(), (list) => {
    assert.deepEqual(list.map((one) => one.name), ['Centre']);
    assert.deepEqual(list[0].services.map((one) => one.id), [service.id]);
  });
  const ids = (list) => list.map((one) => one.id).sort();
  await step('getLocationProjects', () => tk.getLocationProjects(place.id), (list) => assert.deepEqual(ids(list), [here.id]));
  await step('getServiceProjects', () => tk.getServiceProjects(service.id), (list) => {
    assert.deepEqual(ids(list), [here.id, there.id].sort());
  });
  await step('getLocationServiceProjects', () => tk.getLocationServiceProjects(place.id, service.id), (list) => {
    assert.deepEqual(ids(list), [here.id]);
  });
  await Promise.all([tk.deleteProject({ id: here.id }), tk.deleteProject({ id: there.id })]);
  await step('deleteService', () => tk.deleteService({ id: service.id }), (_, answer) => assert.equal(answer.status, 204));
  await step('deleteLocation', () => tk.deleteLocation({ id: place.id }), (_, answer) => assert.equal(answer.status, 204));
};
