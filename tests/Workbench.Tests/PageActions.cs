using Bunit;
using Microsoft.AspNetCore.Components;

namespace ModelWorkbench.Workbench.Tests;

/// <summary>Clicks and changes on a page that renders by itself: found and dispatched in one go, so that no render comes between.</summary>
internal static class PageActions
{
    public static Task ClickAsync<T>(this IRenderedComponent<T> page, string selector, int index = 0) where T : IComponent =>
        page.InvokeAsync(() => page.FindAll(selector)[index].ClickAsync());

    public static Task ChangeAsync<T>(this IRenderedComponent<T> page, string selector, object value, int index = 0) where T : IComponent =>
        page.InvokeAsync(() => page.FindAll(selector)[index].ChangeAsync(new ChangeEventArgs { Value = value }));
}
