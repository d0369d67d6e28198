// Sessions with seats.
'use strict';

module.exports = async function sessions(tk, { assert, step, refused }) {
  const { data: room } = await tk.createResource({ name: 'Room', timezone: 'Europe/Berlin' });
  const session = await step('createBooking', () => tk.createBooking({
    resourceId: room.id, graph: 'group_owner', what: 'Yoga', start: '2030-12-10T18:00:00+01:00', end: '2030-12-10T19:00:00+01:00',
    settings: { maxSeats: 2, minCancelTime: '1 day' },
  }), (made) => assert.equal(made.state, 'tentative'));
  const seat = (name, graph = 'group_customer') => ({
    graph, related: { ownerBookingId: session.id }, customer: { name, email: `${name.toLowerCase()}@example.com` },
  });
  const seats = async () => (await tk.getGroupBooking({ id: session.id })).data.attributes.group_booking.current_seats;

  const ada = await step('createBooking', () => tk.include('event', 'owner_booking').createBooking(seat('Ada')), (made) => {
    assert.equal(made.state, 'confirmed');
    assert.equal(made.owner_booking.id, session.id);
    assert.equal(made.event.start, '2030-12-10T18:00:00+01:00');
  });
  await step('getGroupBooking', () => tk.getGroupBooking({ id: session.id }), (got) => {
    assert.deepEqual(got.attributes.group_booking, { max_seats: 2, current_seats: 1 });
    assert.equal(got.resource.id, room.id);
  });
  const bea = await step('createBooking', () => tk.createBooking(seat('Bea', 'group_customer_payment')), async (made) => {
    assert.equal(made.state, 'tentative');
    assert.equal(await seats(), 1); // only who has paid sits
  });
  await step('updateBooking', () => tk.updateBooking({ id: bea.id, action: 'pay', pay: { paymentId: 'pi_2' } }), async (paid) => {
    assert.equal(paid.state, 'paid');
    assert.equal(await seats(), 2);
  });
  await refused('createBooking', 409, 'sold_out', () => tk.createBooking(seat('Cleo')));
  await step('updateBooking', () => tk.updateBooking({ id: ada.id, action: 'cancel_by_customer' }), async () => {
    assert.equal(await seats(), 1);
  });
  await step('getGroupBookings', () => tk.getGroupBookings(), (list) => {
    assert.deepEqual(list.map((one) => one.id), [session.id]);
    assert.equal(list[0].attributes.event_info.what, 'Yoga');
  });
};
