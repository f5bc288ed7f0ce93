// Forms with data-passkey ask the server what to ask the browser, and send what it answers as "credential".
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const say = text => { form.querySelector('[data-passkey-state]').textContent = text; };
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const makes = form.hasAttribute('data-passkey-create');
    if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
      say('This browser cannot use passkeys, or the page is not on https or localhost.');
      return;
    }
    try {
      const answer = await fetch(form.dataset.passkey, { method: 'POST', body: new FormData(form), credentials: 'same-origin' });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      const asked = await answer.json();
      const credential = makes
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      say(error.name === 'NotAllowedError' ? 'No passkey was given.' : error.name === 'InvalidStateError' ? 'This passkey is there already.' : error.message);
    }
  });
}
