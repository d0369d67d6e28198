// Free time, and the same question in its other forms.
'use strict';

module.exports = async function availability(tk, { assert, step, refused }) {
  const [one, two] = (await Promise.all(['Ada', 'Bea'].map((name) => tk.createResource({ name, timezone: 'Europe/Berlin' }))))
    .map((answer) => answer.data.id);
  const ask = {
    resources: [one, two], mode: 'mutual', length: '1 hour', from: '2030-12-02T00:00:00+01:00', to: '2030-12-04T00:00:00+01:00',
    output_timezone: 'America/New_York', constraints: [{ allow_hours: { start: 9, end: 12 } }, { block_day: { day: 'Tuesday' } }],
  };
  await step('fetchAvailability', () => tk.fetchAvailability(ask), (slots) => {
    assert.deepEqual(slots.map((slot) => slot.start), ['03', '04', '05'].map((hour) => `2030-12-02T${hour}:00:00-05:00`));
    assert.deepEqual(slots[0].resources.map((resource) => resource.name).sort(), ['Ada', 'Bea']);
  });
  await tk.createBooking({
    resource_id: one, graph: 'instant', what: 'Taken', start: '2030-12-02T10:00:00+01:00', end: '2030-12-02T11:00:00+01:00',
  });
  await step('fetchAvailability', () => tk.fetchAvailability(ask), (slots) => {
    assert.deepEqual(slots.map((slot) => slot.start.slice(11, 13)), ['03', '05']);
  });
  await step('fetchAvailability', () => tk.fetchAvailability({ ...ask, mode: 'roundrobin_prioritized' }), (slots) => {
    assert.deepEqual(slots.map((slot) => slot.resources[0].id), [one, two, one]);
  });
  await step('fetchAvailabilityDates', () => tk.fetchAvailabilityDates(ask), (dates) => {
    assert.deepEqual(dates.map((day) => day.date), ['2030-12-02']);
    assert.deepEqual([...dates[0].resources].sort(), [one, two].sort());
  });
  await step('fetchAvailabilityCounts', () => tk.fetchAvailabilityCounts(ask), (count) => assert.equal(count.total, 2));
  await step('fetchUnAvailableSlots', () => tk.fetchUnAvailableSlots(ask), (slots) => {
    assert.ok(slots.some((slot) => slot.start === '2030-12-02T04:00:00-05:00'));
  });
  await refused('fetchAvailability', 422, 'invalid', () => tk.fetchAvailability({ ...ask, length: 'a while' }));
};
