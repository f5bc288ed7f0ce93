// Streams a chosen file to an address as the raw body; the circuit hears only of progress, at most four times a second.
let running = null;

// What was chosen, or null.
export function describe(source) {
  const file = fileOf(source);
  return file ? { name: file.name, size: file.size } : null;
}

// source: a file input or a File. Answers { status, body }; status 0 means that the server was not reached, -1 cancelled.
export function start(source, url, antiforgeryToken, dotnet) {
  const file = fileOf(source);
  if (!file) return Promise.resolve({ status: 0, body: '' });
  return new Promise(resolve => {
    const request = new XMLHttpRequest();
    const finish = (status, body) => { if (running === request) running = null; resolve({ status, body }); };
    let reported = 0;
    request.open('POST', url + (url.includes('?') ? '&' : '?') + 'name=' + encodeURIComponent(file.name));
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    if (antiforgeryToken) request.setRequestHeader('X-CSRF-TOKEN', antiforgeryToken);
    request.upload.onprogress = event => {
      const now = performance.now();
      if (now - reported < 250 && event.loaded < event.total) return;
      reported = now;
      dotnet.invokeMethodAsync('ReportProgress', event.loaded, event.total);
    };
    // A circuit message holds 32 KB, and the description of a wide table more: of a success only the address is told, of a failure the beginning.
    request.onload = () => finish(request.status, request.status < 300 ? request.getResponseHeader('Location') ?? '' : request.responseText.slice(0, 8000));
    request.onerror = () => finish(0, '');
    request.onabort = () => finish(-1, '');
    running = request;
    request.send(file);
  });
}

export function cancel() { running?.abort(); }

// Choosing the same file again must be a change.
export function clear(input) { input.value = ''; }

// Highlights the zone while a file is dragged over it and hands a dropped file to the input.
export function wireDropZone(zone, input) {
  let depth = 0;
  const hasFiles = event => [...(event.dataTransfer?.types ?? [])].includes('Files');
  const highlight = on => zone.toggleAttribute('data-dragging', on);
  zone.addEventListener('dragenter', event => { if (hasFiles(event)) { event.preventDefault(); depth++; highlight(true); } });
  zone.addEventListener('dragover', event => { if (hasFiles(event)) event.preventDefault(); });
  zone.addEventListener('dragleave', () => { if (depth > 0 && --depth === 0) highlight(false); });
  zone.addEventListener('drop', event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    highlight(false);
    if (input.disabled || event.dataTransfer.files.length === 0) return;
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  });
}

function fileOf(source) { return source instanceof File ? source : source?.files?.[0] ?? null; }
