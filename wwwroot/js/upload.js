// Sends a chosen file in pieces by the tus protocol (1.0.0): a lost connection is waited out, and after a reload the same file goes on where it stopped.
// The circuit hears only of progress, at most four times a second.
const pieceBytes = 32 * 1024 * 1024;
const longestPause = 15000;
const giveUpAfter = 10 * 60 * 1000;
let running = null;

// What was chosen, or null.
export function describe(source) {
  const file = fileOf(source);
  return file ? { name: file.name, size: file.size } : null;
}

// source: a file input or a File. Sends the file to uploadsUrl, then asks importsUrl to make a dataset (or a new version of one) of it; without one the caller takes the upload.
// Answers { status, body }: of a success the address of the import, or the id of the upload, of a failure the beginning of what the server said; status 0 means that the server was not reached for long, -1 cancelled.
export async function start(source, uploadsUrl, importsUrl, datasetId, antiforgeryToken, dotnet) {
  const file = fileOf(source);
  if (!file) return { status: 0, body: '' };
  const upload = running = { cancelled: false, request: null, wake: null };
  const headers = antiforgeryToken ? { 'X-CSRF-TOKEN': antiforgeryToken } : {};
  const key = `upload:${file.name}:${file.size}:${file.lastModified}`;
  let reported = 0;
  const progress = (sent, force) => {
    const now = performance.now();
    if (!force && now - reported < 250) return;
    reported = now;
    tell(dotnet, 'ReportProgress', sent, file.size);
  };

  let address = remember(key);
  let offset = -1;
  let lostSince = 0;
  let pause = 500;
  try {
    while (!upload.cancelled) {
      let answer;
      if (offset < 0 && address) {
        answer = await send(upload, 'HEAD', address, headers);
        if (answer.status === 200) { offset = Number(answer.header('Upload-Offset')); tell(dotnet, 'ReportResumed', offset, file.size); }
        // Finished, cancelled or too old: begin anew.
        else if (answer.status === 404 || answer.status === 410) { forget(key); address = null; continue; }
      } else if (!address) {
        answer = await send(upload, 'POST', uploadsUrl, { ...headers, 'Tus-Resumable': '1.0.0', 'Upload-Length': file.size, 'Upload-Metadata': `filename ${base64(file.name)}` });
        if (answer.status === 201) { address = answer.header('Location'); offset = 0; remember(key, address); }
      } else if (offset < file.size) {
        answer = await send(upload, 'PATCH', address, { ...headers, 'Tus-Resumable': '1.0.0', 'Upload-Offset': offset, 'Content-Type': 'application/offset+octet-stream' },
          file.slice(offset, offset + pieceBytes), sent => progress(offset + sent));
        if (answer.status === 204) { offset = Number(answer.header('Upload-Offset')); progress(offset, true); }
        // What the server has is not what we thought: ask again.
        else if (answer.status === 409 || answer.status === 423) { offset = -1; await wait(upload, 500); continue; }
      } else if (!importsUrl) {
        forget(key);
        return { status: 200, body: address.slice(address.lastIndexOf('/') + 1) };
      } else {
        answer = await send(upload, 'POST', importsUrl, { ...headers, 'Content-Type': 'application/json' }, JSON.stringify({ uploadId: address.slice(address.lastIndexOf('/') + 1), datasetId: datasetId || null }));
        if (answer.status === 202) { forget(key); return { status: 202, body: answer.header('Location') ?? '' }; }
      }
      if (upload.cancelled) break;
      if (answer.status >= 200 && answer.status < 300) { lostSince = 0; pause = 500; continue; }
      // No connection, or a proxy that says so: what has arrived is kept; wait longer each time, then ask how far it came.
      if (answer.status === 0 || answer.status === 502 || answer.status === 503 || answer.status === 504) {
        lostSince ||= performance.now();
        if (performance.now() - lostSince > giveUpAfter) return { status: 0, body: '' };
        tell(dotnet, 'ReportLost');
        if (address) offset = -1;
        await wait(upload, pause);
        pause = Math.min(pause * 2, longestPause);
        continue;
      }
      return { status: answer.status, body: answer.text.slice(0, 8000) };
    }
    if (address) { forget(key); await send({ cancelled: false }, 'DELETE', address, headers); }
    return { status: -1, body: '' };
  } finally {
    if (running === upload) running = null;
  }
}

export function cancel() {
  if (!running) return;
  running.cancelled = true;
  running.request?.abort();
  running.wake?.();
}

// Stops sending and keeps what has arrived: for leaving the page.
export function leave() {
  if (!running) return;
  running.request?.abort();
  running = null;
}

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

// Never fails: status 0 stands for no connection.
function send(upload, method, url, headers, body, progress) {
  return new Promise(resolve => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (progress) request.upload.onprogress = event => progress(event.loaded);
    const done = status => { upload.request = null; resolve({ status, text: request.responseText ?? '', header: name => request.getResponseHeader(name) }); };
    request.onload = () => done(request.status);
    request.onerror = request.onabort = () => done(0);
    upload.request = request;
    request.send(body);
  });
}

function wait(upload, milliseconds) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds);
    upload.wake = () => { clearTimeout(timer); resolve(); };
  });
}

// The circuit may be lost with the connection; its own reconnection shows that.
function tell(dotnet, method, ...values) { dotnet.invokeMethodAsync(method, ...values).catch(() => { }); }

function base64(text) { return btoa(String.fromCharCode(...new TextEncoder().encode(text))); }

// Storage can be switched off; then an upload only cannot go on after a reload.
function remember(key, address) {
  try {
    if (address === undefined) return localStorage.getItem(key);
    localStorage.setItem(key, address);
  } catch { return null; }
}

function forget(key) { try { localStorage.removeItem(key); } catch { } }
