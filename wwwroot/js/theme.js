// Chooses the colours before the first paint, so it is loaded in the head and is not a module.
(() => {
  const key = 'model-workbench-theme';
  const system = matchMedia('(prefers-color-scheme: dark)');
  let watcher = null;

  const chosen = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const isDark = () => (chosen() ?? (system.matches ? 'dark' : 'light')) === 'dark';

  const apply = () => {
    document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
    watcher?.invokeMethodAsync('ThemeChanged', isDark());
  };

  system.addEventListener('change', apply);
  addEventListener('storage', e => { if (e.key === key) apply(); });
  // A page that Blazor merges into this one arrives without the attribute.
  document.addEventListener('DOMContentLoaded', () => window.Blazor?.addEventListener?.('enhancedload', apply));
  apply();

  window.workbenchTheme = {
    // Called once the page answers to clicks; tests wait for the mark.
    watch(dotnet) { watcher = dotnet; document.documentElement.dataset.connected = 'true'; return isDark(); },
    unwatch() { watcher = null; },
    choose(dark) {
      try { localStorage.setItem(key, dark ? 'dark' : 'light'); } catch { /* private mode: for this page only */ }
      apply();
    },
  };
})();
