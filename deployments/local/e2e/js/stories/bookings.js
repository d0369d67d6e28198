// The lives of bookings: made, moved along their graphs, made together, held, rescheduled, erased.
'use strict';

module.exports = async function bookings(tk, { assert, step, refused, eventually }) {
  const { data: chair } = await tk.createResource({ name: 'Chair two', timezone: 'Europe/Berlin' });
  let day = 5;
  const request = (graph, more = {}) => {
    day += 1;
    const date = `2031-01-${String(day).padStart(2, '0')}`;
    return { resourceId: chair.id, graph, start: `${date}T09:00:00+01:00`, end: `${date}T10:00:00+01:00`, what: 'Haircut', ...more };
  };
  const customer = { name: 'Ada Lovelace', email: 'ada@example.com', phone: '+49 30 1', timezone: 'Europe/London', hairColor: 'brown' };
  const includes = ['attributes', 'event', 'user', 'customers', 'calendar', 'available_actions', 'customer_action_links', 'meta', 'logs'];

  const asked = request('instant', { customer, meta: { source: 'web' }, where: 'Here', description: 'Short' });
  const made = await step('createBooking', () => tk.include(includes).createBooking({ ...asked }), (got, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(got.state, 'confirmed');
    assert.equal(got.event.start, asked.start);
    assert.equal(got.attributes.event_info.where, 'Here');
    assert.equal(got.attributes.customer.hair_color, 'brown'); // the SDK rewrites names
    assert.equal(got.customers[0].name, 'Ada Lovelace');
    assert.equal(got.user.id, chair.id);
    assert.deepEqual(got.available_actions, ['cancel', 'cancel_by_customer', 'reschedule_by_customer', 'complete']);
    assert.match(got.customer_action_links.cancel_by_customer, /external_action\/cancel_by_customer/);
  });
  await refused('createBooking', 409, 'slot_taken', () => tk.createBooking({ ...asked }));
  await refused('createBooking', 422, 'invalid', () => tk.createBooking({ graph: 'instant' }), (data) => {
    assert.ok(data.errors.start && data.errors.end);
  });
  const { graph, start, end, what } = request('instant');
  const older = { resource_id: chair.id, graph, action: 'confirm', event: { start, end, what } }; // the form of older clients
  await step('createBooking', () => tk.include('event').createBooking(older), (got) => assert.equal(got.event.start, start));

  await step('getBooking', () => tk.include('customers').getBooking({ id: made.id }), (got) => {
    assert.equal(got.customers[0].email, 'ada@example.com');
  });
  await refused('updateBooking', 422, 'action_not_available', () => tk.updateBooking({ id: made.id, action: 'decline' }), (data) => {
    assert.match(data.error, /^Cannot apply action 'decline' to current state 'confirmed'/);
  });
  await refused('deleteBooking', 409, 'not_final', () => tk.deleteBooking({ id: made.id }));
  const cancelling = { id: made.id, action: 'cancel', cancel: { message: 'Ill' } };
  await step('updateBooking', () => tk.include('event').updateBooking(cancelling), (got) => {
    assert.equal(got.state, 'cancelled');
    assert.equal(got.completed, true);
    assert.equal(got.event.rsvp, 'declined');
  });
  await step('deleteBooking', () => tk.deleteBooking({ id: made.id }), (_, answer) => assert.equal(answer.status, 204));
  await refused('getBooking', 404, 'not_found', () => tk.getBooking({ id: made.id }));

  const asking = (await tk.createBooking(request('confirm_decline'))).data;
  assert.equal(asking.state, 'tentative');
  await step('updateBooking', () => tk.updateBooking({ id: asking.id, action: 'confirm' }), (got) => assert.equal(got.state, 'confirmed'));
  const paying = (await tk.createBooking(request('instant_payment', { customer }))).data;
  await step('updateBooking', () => tk.updateBooking({ id: paying.id, action: 'pay', pay: { paymentId: 'pi_1' } }), (got) => {
    assert.equal(got.state, 'paid');
  });
  await step('getBookings', () => tk.include('customers').carry({
    params: { search: `state:paid;resource.id:${chair.id}`, orderBy: 'event.start', sortedBy: 'desc', limit: 5 },
  }).getBookings(), (list, answer) => {
    assert.deepEqual(list.map((one) => one.id), [paying.id]);
    assert.equal(answer.metaData.total, 1);
    assert.equal(list[0].customers[0].name, 'Ada Lovelace');
  });

  const first = request('instant');
  const together = { bookings: [first, request('instant')], relateBookings: true };
  const both = await step('createBookingsBulk', () => tk.createBookingsBulk(together), (list, answer) => {
    assert.equal(answer.status, 201);
    assert.deepEqual(list.map((one) => one.state), ['confirmed', 'confirmed']);
  });
  await step('createBookingsBulk', () => tk.createBookingsBulk({ bookings: [request('instant'), first] }), (list, answer) => {
    assert.equal(answer.status, 207);
    assert.equal(list[1].code, 'slot_taken');
  });
  await step('updateBookingsBulk', () => tk.updateBookingsBulk({
    bookings: [{ id: asking.id, action: 'cancel' }, { id: paying.id, action: 'cancel' }],
  }), (list) => assert.deepEqual(list.map((one) => one.state), ['cancelled', 'cancelled']));
  await step('updateBooking', () => tk.updateBooking({ id: both[0]?.id, action: 'cancel' }), () => eventually(async () => {
    assert.equal((await tk.getBooking({ id: both[1].id })).data.state, 'cancelled'); // made together, they go together
  }));

  const slot = request('instant', { customer });
  const hold = await step('reserveBooking', () => tk.reserveBooking({ ...slot, reservationTime: 60 }), (got, answer) => {
    assert.equal(answer.status, 201);
    assert.ok(new Date(got.expires_at) > new Date());
  });
  await refused('createBooking', 409, 'slot_taken', () => tk.createBooking({ ...slot }));
  const held = { reservationId: hold.reservation_id };
  await step('extendReservedBooking', () => tk.extendReservedBooking({ ...held, reservationTime: 300 }), (got) => {
    assert.ok(new Date(got.expires_at) > new Date(hold.expires_at));
  });
  const booked = await step('createBooking', () => tk.createBooking({ ...slot, ...held }), (got) => assert.equal(got.state, 'confirmed'));
  await refused('extendReservedBooking', 409, 'hold_expired', () => tk.extendReservedBooking({ ...held, reservationTime: 60 }));

  const later = request('instant');
  await step('rescheduleBooking', () => tk.include('event', 'customers').rescheduleBooking({
    id: booked.id, start: later.start, end: later.end, resourceId: chair.id, message: 'Later, please',
  }), async (got, answer) => {
    assert.equal(answer.status, 201);
    assert.equal(got.state, 'confirmed');
    assert.equal(got.event.start, later.start);
    assert.equal(got.customers[0].email, 'ada@example.com');
    const old = await tk.getBooking({ id: booked.id });
    assert.equal(old.data.state, 'rescheduled_by_customer');
  });
};
