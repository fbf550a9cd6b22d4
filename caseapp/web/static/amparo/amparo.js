/* What the pages do beyond links and forms. Everything here is an extra: without it every page still works. */
'use strict';
(() => {
  const root = document.documentElement;
  const KEY_NAMES = 'amparo.names';
  const KEY_SINGLE = 'amparo.single-keys';

  /* A private window may refuse storage; then the choice lasts for this page. */
  const store = {
    get(area, key) { try { return window[area].getItem(key); } catch { return null; } },
    set(area, key, value) { try { value === null ? window[area].removeItem(key) : window[area].setItem(key, value); } catch { /* kept for this page only */ } },
  };

  /* Set before the first paint, so that no name flashes by. */
  if (store.get('sessionStorage', KEY_NAMES) === '1') root.dataset.names = 'hidden';

  /* ---- Hide names ---- */
  function showNames(hidden) {
    if (hidden) root.dataset.names = 'hidden'; else delete root.dataset.names;
    store.set('sessionStorage', KEY_NAMES, hidden ? '1' : null);
    if (hidden) document.querySelectorAll('[data-remask]').forEach(maskAgain);
    document.querySelectorAll('[data-hide-names]').forEach((b) => b.setAttribute('aria-pressed', String(hidden)));
  }
  const namesHidden = () => root.dataset.names === 'hidden';

  /* ---- A number that was shown masks itself again ---- */
  function maskAgain(sealed) {
    const focused = sealed.contains(document.activeElement);
    sealed.querySelectorAll('.shown').forEach((e) => e.remove());
    sealed.querySelectorAll('.mask, form').forEach((e) => { e.hidden = false; });
    delete sealed.dataset.remask;
    if (focused) sealed.querySelector('button')?.focus();
  }
  function armRemask(scope) {
    scope.querySelectorAll('[data-remask]:not([data-armed])').forEach((sealed) => {
      sealed.dataset.armed = '';
      setTimeout(() => { if (sealed.isConnected && 'remask' in sealed.dataset) maskAgain(sealed); }, Number(sealed.dataset.remask) * 1000);
    });
  }

  /* ---- A notice in the corner ---- */
  function notice(text, button) {
    const box = document.getElementById('notice');
    if (!box) return;
    const p = document.createElement('p');
    p.textContent = text;
    box.replaceChildren(p);
    if (button) box.append(button);
    box.hidden = false;
  }
  function closeNotice() { const box = document.getElementById('notice'); if (box) { box.hidden = true; box.replaceChildren(); } }
  function announce(text) { const live = document.getElementById('live'); if (live && text) { live.textContent = ''; live.textContent = text; } }
  function makeButton(label, act) {
    const b = document.createElement('button');
    b.type = 'button'; b.className = 'button'; b.textContent = label; b.addEventListener('click', act);
    return b;
  }

  /* ---- The 30 idle minutes. The server keeps the real limit; this warns, and clears the screen when it has passed. ---- */
  function watchIdle() {
    const d = document.body.dataset;
    if (!d.idleSeconds) return;
    const limit = Number(d.idleSeconds) * 1000;
    const warn = Number(d.idleWarn || 120) * 1000;
    const channel = 'BroadcastChannel' in window ? new BroadcastChannel('amparo.seen') : null;
    let seen = Date.now();
    let warned = false;
    const heard = () => { seen = Date.now(); if (warned) { warned = false; closeNotice(); } };
    const spoke = () => { heard(); channel?.postMessage(1); };
    if (channel) channel.onmessage = heard;
    document.addEventListener('htmx:afterRequest', (e) => { if (e.detail.successful) spoke(); });
    const stay = async () => {
      try {
        const answer = await fetch(d.stillHere, { method: 'POST', headers: { 'X-CSRFToken': csrf() }, redirect: 'error' });
        if (answer.ok) { spoke(); return; }
      } catch { /* said below */ }
      notice(d.wordOffline);
    };
    const leave = () => { document.body.replaceChildren(); window.location.replace(d.signIn); };
    const look = () => {
      const left = limit - (Date.now() - seen);
      if (left <= 0) return leave();
      if (left <= warn && !warned) {
        warned = true;
        notice(d.wordIdle, d.stillHere ? makeButton(d.wordStay, stay) : null);
      }
    };
    setInterval(look, 1000);
    document.addEventListener('visibilitychange', look);
    /* Back from the browser's memory of a page: as old as it looks. */
    window.addEventListener('pageshow', (e) => { if (e.persisted) look(); });
    channel?.postMessage(1);
  }
  function csrf() { return document.querySelector('input[name=csrfmiddlewaretoken]')?.value ?? ''; }

  /* ---- Keys ---- */
  const typing = (e) => e.target.closest?.('input, textarea, select, [contenteditable]');
  const singleKeys = () => store.get('localStorage', KEY_SINGLE) !== 'off';
  function onKey(e) {
    if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === 'k') { e.preventDefault(); focusSearch(); return; }
    if (e.key === 'Escape') { closeFloating(e); return; }
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { moveInResults(e); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e) || !singleKeys()) return;
    if (e.key === '/') { e.preventDefault(); focusSearch(); }
    else if (e.key.toLowerCase() === 'h') { showNames(!namesHidden()); announce(document.querySelector('[data-hide-names]')?.dataset[namesHidden() ? 'wordHidden' : 'wordShown']); }
    else { const target = document.querySelector(`[data-key="${CSS.escape(e.key.toLowerCase())}"]`); if (target) { e.preventDefault(); target.click(); } }
  }
  function sayKeys(b) { b.textContent = singleKeys() ? b.dataset.on : b.dataset.off; }
  function focusSearch() { const q = document.getElementById('q'); if (q) { q.focus(); q.select(); } }
  function closeFloating(e) {
    const found = document.getElementById('found');
    if (found?.childElementCount) { found.replaceChildren(); document.getElementById('q')?.focus(); e.preventDefault(); return; }
    const menu = document.querySelector('details.menu[open]');
    if (menu) { menu.open = false; menu.querySelector('summary').focus(); }
  }
  function moveInResults(e) {
    const found = document.getElementById('found');
    const field = document.getElementById('q');
    if (!found?.childElementCount || !(e.target === field || found.contains(e.target))) return;
    const stops = [field, ...found.querySelectorAll('a')];
    const next = stops.indexOf(document.activeElement) + (e.key === 'ArrowDown' ? 1 : -1);
    if (stops[next]) { e.preventDefault(); stops[next].focus(); }
  }

  /* ---- Clicks ---- */
  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const text = 'value' in source ? source.value : source.textContent.trim();
    try { await navigator.clipboard.writeText(text); button.textContent = button.dataset.done; announce(button.dataset.done); }
    catch { const range = document.createRange(); range.selectNodeContents(source); const s = getSelection(); s.removeAllRanges(); s.addRange(range); }
  }
  function onClick(e) {
    const on = (selector) => e.target.closest(selector);
    let b;
    if (on('[data-hide-names]')) showNames(!namesHidden());
    else if (on('[data-print]')) window.print();
    else if ((b = on('[data-copy]'))) copy(b);
    else if ((b = on('[data-dismiss]'))) b.closest('.message, .slip')?.remove();
    else if ((b = on('[data-single-keys]'))) { store.set('localStorage', KEY_SINGLE, singleKeys() ? 'off' : null); sayKeys(b); }
    const menu = document.querySelector('details.menu[open]');
    if (menu && !menu.contains(e.target)) menu.open = false;
    const search = document.querySelector('form.search');
    if (search && !search.contains(e.target)) document.getElementById('found')?.replaceChildren();
  }

  /* ---- Forms. A page that answers a form would stay, with all that was typed, in the tab's history on the
     laptop's disk. So forms are sent without leaving the page; the answer takes the place of what is shown. ---- */
  const IN_PLACE = { 'hx-push-url': 'false', 'hx-target': '#main', 'hx-select': '#main', 'hx-swap': 'outerHTML show:window:top', 'hx-sync': 'this:drop', 'hx-disinherit': '*' };
  function sendInPlace() {
    if (!window.htmx) return;
    document.querySelectorAll('main[data-in-place] form[method=post]:not([hx-post], [hx-boost]), form.search:not([hx-boost])').forEach((form) => {
      inPlace(form, { 'hx-boost': 'true' });
    });
    /* What kind of thing happened is chosen by a link for whoever has no script, and is in no address for the others. */
    document.querySelectorAll('a[data-choose]:not([hx-post])').forEach((link) => {
      const to = new URL(link.href);
      to.searchParams.delete('kind');
      inPlace(link, { 'hx-post': to.pathname + to.search, 'hx-vals': JSON.stringify({ choose: link.dataset.choose }) });
    });
  }
  function inPlace(element, how) {
    Object.entries({ ...IN_PLACE, ...how }).forEach(([name, value]) => element.setAttribute(name, value));
    window.htmx.process(element);
  }
  /* What was typed stays; a page that refuses says why in its heading and first lines. */
  function refusal({ xhr, boosted }) {
    const main = boosted && xhr.status < 500 ? new DOMParser().parseFromString(xhr.responseText, 'text/html').getElementById('main') : null;
    const said = main ? [...main.querySelectorAll('h1, h1 ~ p')].slice(0, 2).map((each) => each.textContent.trim()).join('. ') : '';
    return said || document.body.dataset.wordRefused;
  }
  function unhide() {
    document.querySelectorAll('[data-hide-names], [data-print], [data-copy], [data-dismiss], [data-single-keys]').forEach((b) => { b.hidden = false; });
    document.querySelectorAll('[data-single-keys]').forEach(sayKeys);
  }

  /* ---- Swapped fragments ---- */
  let before = null;
  function beforeSwap(e) {
    const { xhr } = e.detail;
    /* A session that ended answers with the sign-in page, which is no fragment. */
    const signIn = document.body.dataset.signIn;
    if (signIn && xhr.responseURL && new URL(xhr.responseURL).pathname === new URL(signIn, location.href).pathname) {
      e.detail.shouldSwap = false;
      window.location.assign(signIn);
      return;
    }
    const a = document.activeElement;
    before = a && a !== document.body ? { id: a.id, name: a.getAttribute('name'), inside: e.detail.target.contains(a) } : null;
  }
  function afterSettle(e) {
    const scope = e.detail.elt;
    armRemask(document);
    unhide();
    sendInPlace();
    announce(scope.dataset?.announce || scope.querySelector?.('[data-announce]')?.dataset.announce || (scope.id === 'main' && scope.querySelector('h1')?.textContent));
    if (document.activeElement && document.activeElement !== document.body) return;
    if (!before?.inside) return;
    const find = (s) => (scope.matches?.(s) ? scope : scope.querySelector?.(s));
    let to = find('.errors[tabindex]') || find('[data-focus]') || find('[aria-invalid=true]') || (before.id && document.getElementById(before.id)) || (before.name && find(`[name="${CSS.escape(before.name)}"]`)) || find('a[href], button, input:not([type=hidden]), select, textarea');
    if (!to) { to = scope; to.setAttribute('tabindex', '-1'); }
    to.focus({ preventScroll: true });
  }

  function start() {
    showNames(namesHidden());
    unhide();
    sendInPlace();
    armRemask(document);
    document.querySelector('.errors[tabindex], [data-focus]')?.focus();
    document.addEventListener('keydown', onKey);
    document.addEventListener('click', onClick);
    document.addEventListener('htmx:beforeSwap', beforeSwap);
    document.addEventListener('htmx:afterSettle', afterSettle);
    document.addEventListener('htmx:sendError', () => notice(document.body.dataset.wordOffline));
    document.addEventListener('htmx:responseError', (e) => { if (e.detail.xhr.status !== 422) notice(refusal(e.detail)); });
    document.addEventListener('visibilitychange', () => { if (document.hidden) document.querySelectorAll('[data-remask]').forEach(maskAgain); });
    watchIdle();
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
})();
