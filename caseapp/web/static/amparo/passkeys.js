/* Says in words what went wrong with a passkey, and hides the button where there are none. The ceremony itself is allauth's. */
'use strict';
(() => {
  const say = (which) => {
    const box = document.getElementById('passkey-words');
    if (!box) return;
    box.textContent = box.dataset[which] ?? '';
    box.hidden = !box.textContent;
  };
  document.addEventListener('allauth.error', (e) => {
    e.preventDefault();
    const name = e.detail?.exception?.name;
    say(name === 'NotAllowedError' || name === 'AbortError' ? 'wordCancelled' : name === 'InvalidStateError' ? 'wordTwice' : 'wordFailed');
  });
  document.addEventListener('DOMContentLoaded', () => {
    if (!window.PublicKeyCredential) say('wordNone');
    document.querySelectorAll('[data-passkey]').forEach((e) => { e.hidden = !window.PublicKeyCredential; e.addEventListener('click', () => say('')); });
  });
})();
