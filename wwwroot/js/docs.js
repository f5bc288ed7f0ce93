// On the page of the API, before its library: the checks in it make no code out of text, nor do they try whether they could; the page's policy forbids it.
globalThis.__zod_globalConfig = { jitless: true };
