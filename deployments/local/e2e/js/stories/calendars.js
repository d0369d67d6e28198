// Calendars and what stands in them: events are busy time.
'use strict';

module.exports = async function calendars(tk, { assert, step, refused }) {
  const { data: chair } = await tk.createResource({ name: 'Chair one', timezone: 'Europe/Berlin' });
  const calendar = await step('createCalendar', () => tk.createCalendar({
    resource_id: chair.id, name: 'Appointments', description: 'By hand', backgroundcolor: '#663399',
  }), (made, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(made.backgroundcolor, '#663399');
  });
  await step('getCalendar', () => tk.getCalendar({ id: calendar.id }), (got) => assert.equal(got.name, 'Appointments'));
  await step('updateCalendar', () => tk.updateCalendar({ id: calendar.id, name: 'Renamed' }), (_, answer) => {
    assert.ok(answer.status === 200 || answer.status === 204);
  });
  await step('getCalendars', () => tk.getCalendars(), (list) => {
    assert.ok(list.some((one) => one.id === calendar.id && one.name === 'Renamed'));
  });

  const day = { start: '2030-12-03T00:00:00+01:00', end: '2030-12-04T00:00:00+01:00' };
  const event = await step('createEvent', () => tk.createEvent({
    calendar_id: calendar.id, resource_id: chair.id, start: '2030-12-03T12:00:00+01:00', end: '2030-12-03T13:00:00+01:00',
    what: 'Lunch', where: 'Kitchen', participants: ['ada@example.com'], allDay: false,
  }), (made, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(made.start, '2030-12-03T12:00:00+01:00');
  });
  await refused('createBooking', 409, 'slot_taken', () => tk.createBooking({
    resource_id: chair.id, graph: 'instant', what: 'At lunch', start: '2030-12-03T12:30:00+01:00', end: '2030-12-03T13:30:00+01:00',
  }));
  await step('getEvent', () => tk.getEvent({ id: event.id }), (got) => assert.equal(got.what, 'Lunch'));
  await step('getEvents', () => tk.getEvents(day), (list) => assert.deepEqual(list.map((one) => one.id), [event.id]));
  await step('updateEvent', () => tk.updateEvent({ id: event.id, start: '2030-12-03T13:00:00+01:00', end: '2030-12-03T14:00:00+01:00' }));
  await step('getEvent', () => tk.getEvent({ id: event.id }), (got) => assert.equal(got.start, '2030-12-03T13:00:00+01:00'));
  await step('deleteEvent', () => tk.deleteEvent({ id: event.id }), async (_, answer) => {
    assert.equal(answer.status, 204);
    assert.deepEqual((await tk.getEvents(day)).data, { data: [] }.data);
  });
  await step('deleteCalendar', () => tk.deleteCalendar({ id: calendar.id }), (_, answer) => assert.equal(answer.status, 204));
};
