using System.Net;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>A model's card as a file. Trial 1 is a linear model of the penguins, trial 2 the baseline.</summary>
public sealed class CardTests(PublishedModels models) : IClassFixture<PublishedModels>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Path(int trial) => $"/experiments/{models.ExperimentId}/trials/{trial}/card";

    [Fact]
    public async Task A_card_is_one_file_with_all_that_is_stored_and_the_plotly_that_draws_it()
    {
        var answer = await models.App.Api.Http.GetAsync("/api/v1" + Path(1), Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
        Assert.EndsWith($"-{models.ExperimentId}-1.html", answer.Content.Headers.ContentDisposition.FileName!.Trim('"'));
        var html = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.StartsWith("<!DOCTYPE html>", html);
        Assert.EndsWith("</html>\n", html);
        // As many ends as beginnings: plotly.js has none of its own.
        Assert.Equal(html.Split("<script").Length - 1, html.Split("</script>").Length - 1);
        Assert.Contains("plotly.js (strict - minified) v", html);
        Assert.True(html.Length > 1_000_000);
        foreach (var text in new[] { "penguins.csv", "flipper_length_mm", "Chinstrap", "Confusion matrix", "locked test set", "\"seed\":42", "linear-lbfgs" }) Assert.Contains(text, html.Replace("&quot;", "\"", StringComparison.Ordinal));
        // The page's address gives the same file to whoever is signed in.
        Assert.Equal(HttpStatusCode.OK, (await models.App.Api.Http.GetAsync(Path(1), Cancel)).StatusCode);
    }

    [Fact]
    public async Task Nobody_gets_a_card_who_is_not_signed_in_and_unknown_trials_are_named()
    {
        using var anonymous = models.App.Anonymous();
        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.GetAsync("/api/v1" + Path(1), Cancel)).StatusCode);
        var redirected = await anonymous.GetAsync(Path(1), Cancel);
        Assert.Equal(HttpStatusCode.Redirect, redirected.StatusCode);
        Assert.StartsWith("/sign-in", redirected.Headers.Location!.IsAbsoluteUri ? redirected.Headers.Location.PathAndQuery : redirected.Headers.Location.OriginalString);
        Assert.Contains("no trial 99", (await ApiClient.ReadProblemAsync(await models.App.Api.Http.GetAsync("/api/v1" + Path(99), Cancel), HttpStatusCode.NotFound)).Detail);
        await ApiClient.ReadProblemAsync(await models.App.Api.Http.GetAsync("/api/v1/experiments/9999/trials/1/card", Cancel), HttpStatusCode.NotFound);
    }
}
