// Notifications of the browser: off until the person switches them on in this browser, and asked for on that click only.
const chosen = 'model-workbench-notify';
const told = 'model-workbench-notified';

const read = key => { try { return localStorage.getItem(key); } catch { return null; } };
const write = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: for this page only */ } };

// 'unsupported', 'insecure', 'denied', 'off' or 'on'.
export function state() {
  if (!isSecureContext) return 'insecure';
  if (!('Notification' in window)) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  return Notification.permission === 'granted' && read(chosen) === 'on' ? 'on' : 'off';
}

// Some browsers only ask within the click itself, so the server is told afterwards.
export function watch(input, dotnet) {
  input.addEventListener('change', async () => {
    let answer = 'off';
    if (input.checked && 'Notification' in window) {
      const permission = await Notification.requestPermission();
      if (permission === 'granted') write(chosen, 'on');
      answer = permission === 'default' ? 'unanswered' : state();
    } else {
      write(chosen, 'off');
      answer = state();
    }
    input.checked = answer === 'on';
    dotnet.invokeMethodAsync('StateChanged', answer);
  });
  return state();
}

// One end is told once in this browser, in however many tabs the workbench is open and however often they are reloaded.
export async function show(key, title, body, href) {
  if (state() !== 'on') return;
  const isFirst = await navigator.locks.request(told, () => {
    const earlier = (read(told) ?? '').split(' ');
    if (earlier.includes(key)) return false;
    write(told, [key, ...earlier].slice(0, 50).join(' '));
    return true;
  });
  if (!isFirst) return;
  try {
    const notification = new Notification(title, { body, tag: key, icon: '/favicon.svg' });
    notification.onclick = () => { focus(); notification.close(); location.assign(href); };
  } catch { /* phones only allow it from a service worker; the notice on the page stands */ }
}
