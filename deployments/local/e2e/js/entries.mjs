// Reads calendar entries by ical.js: a list of texts comes in, and what stands in each goes out.
import ICAL from 'ical.js';

process.stdin.setEncoding('utf8');
let input = '';
for await (const chunk of process.stdin) input += chunk;

const read = (text) => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const events = calendar.getAllSubcomponents('vevent');
  const event = new ICAL.Event(events[0]);
  const organizer = events[0].getFirstProperty('organizer');
  const attendees = events[0].getAllProperties('attendee');
  const moment = (time) => time.toJSDate().toISOString().replace('.000Z', 'Z');
  return {
    count: events.length, method: calendar.getFirstPropertyValue('method'), uid: event.uid, sequence: event.sequence,
    summary: event.summary, location: event.location ?? '', description: event.description,
    status: events[0].getFirstPropertyValue('status'), start: moment(event.startDate), end: moment(event.endDate),
    organizer: organizer.getFirstValue(), organizer_name: organizer.getFirstParameter('cn') ?? '',
    attendees: attendees.map((one) => one.getFirstValue()), attendee_name: attendees[0].getFirstParameter('cn') ?? '',
    partstat: attendees[0].getFirstParameter('partstat'), properties: events[0].getAllProperties().map((one) => one.name),
  };
};

process.stdout.write(JSON.stringify(JSON.parse(input).map(read)));
