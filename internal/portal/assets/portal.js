// What a script adds to pages that do without: copying, looking again, asking in place, local times.
'use strict';

for (const button of document.querySelectorAll('[data-copy]')) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener('click', async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand('copy'); // the page came without TLS
    }
    button.textContent = 'Copied';
  });
}

// A time says by hovering what it is here.
function localTimes(root) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.title = at.toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' });
  }
}
localTimes(document);

// What is about to change is looked at again until it has: for two minutes, while somebody can see it.
function lookAgain(part, left) {
  if (!part?.dataset.refresh || left === 0) return;
  setTimeout(async () => {
    if (document.hidden) return lookAgain(part, left);
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'manual' }).catch(() => null);
    if (!answer?.ok) return lookAgain(part, left - 1);
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(part.id);
    if (!fresh) return undefined;
    if (fresh.textContent === part.textContent) return lookAgain(part, left - 1); // and the focus stays where it is
    const open = [...part.querySelectorAll('details')].map((one) => one.open);
    [...fresh.querySelectorAll('details')].forEach((one, i) => { one.open = open[i] ?? one.open; });
    part.replaceWith(fresh);
    localTimes(fresh);
    return lookAgain(fresh, left - 1);
  }, part.dataset.refresh * 1000);
}
document.querySelectorAll('[data-refresh]').forEach((part) => lookAgain(part, 60));

// A link to a page that asks once more asks in a dialog instead.
document.addEventListener('click', async (event) => {
  const link = event.target.closest('a[data-dialog]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const answer = await fetch(link.href, { redirect: 'manual' }).catch(() => null);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), 'text/html');
  const question = page && page.querySelector('[data-ask]');
  if (!question) {
    location.assign(link.href);
    return;
  }
  const dialog = document.createElement('dialog');
  dialog.append(question);
  const heading = question.querySelector('h1');
  heading.id = 'dialog-title';
  dialog.setAttribute('aria-labelledby', heading.id);
  dialog.addEventListener('close', () => { dialog.remove(); link.focus(); });
  question.querySelector('[data-close]')?.addEventListener('click', (click) => { click.preventDefault(); dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
});

// A text is checked while it is typed: what is wrong with it, or its drawing, takes the place of what was said before.
for (const field of document.querySelectorAll('[data-check]')) {
  let due;
  let asked = 0;
  field.addEventListener('input', () => {
    clearTimeout(due);
    due = setTimeout(async () => {
      asked += 1;
      const turn = asked;
      const body = new URLSearchParams(new FormData(field.form));
      const answer = await fetch(field.dataset.check, { method: 'POST', body, redirect: 'manual' }).catch(() => null);
      const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = page && page.getElementById('live');
      if (fresh && turn === asked) document.getElementById('live').replaceWith(fresh);
    }, 500);
  });
}

// A form is sent once, however often its button is pressed. Coming back to the page wakes it up again.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post') return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = '1';
});
window.addEventListener('pageshow', () => { for (const form of document.forms) delete form.dataset.sent; });
