using System.Text.Json;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Experiments;
using ModelWorkbench.Core.Explanations;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Trainers;
using ModelWorkbench.Workbench.Explanations;
using ModelWorkbench.Workbench.Explanations.Parts;
using ModelWorkbench.Workbench.Plots;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Explanations;

/// <summary>The page on the penguins, with a report of a hundred rows that lie on a line.</summary>
public sealed class ComponentsPageTests : StoreTest
{
    private static readonly PcaReport Report = new(
        [0.6, 0.3], [.. Enumerable.Range(0, 100).Select(i => (double)i)], [.. Enumerable.Range(0, 100).Select(_ => 0.0)], [.. Enumerable.Range(0, 100).Select(i => i < 50 ? "Adelie" : "Gentoo")], null, ["a", "b"], [[1, 0], [0, 1]], 100)
    {
        Rows = [.. Enumerable.Range(0, 100).Select(i => 3 * i)],
    };

    private NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    [Fact]
    public async Task A_row_in_the_address_is_listed_with_the_twenty_next_to_it_as_they_are_in_the_dataset()
    {
        var page = await OpenAsync(Report, "?row=31");
        await page.WaitForStateAsync(() => page.FindAll("[data-testid=chosen-table] tbody tr").Count == 21 && page.FindAll("[data-testid=chosen-table] th").Count > 5);
        var rows = page.FindAll("[data-testid=chosen-table] tbody tr");
        Assert.Equal(["31", "28", "34"], rows.Take(3).Select(r => r.QuerySelector("td")!.TextContent));
        // Row 31 of penguins.csv.
        Assert.Contains("39.5", rows[0].TextContent);
        Assert.Contains("Dream", rows[0].TextContent);
    }

    [Fact]
    public async Task A_row_that_is_not_shown_says_why()
    {
        var page = await OpenAsync(Report, "?row=32");
        await page.WaitForStateAsync(() => page.FindAll("[role=alert]").Count > 0);
        Assert.Contains("Row 32 is not shown", page.Find("[role=alert]").TextContent);
    }

    [Fact]
    public async Task A_column_of_the_dataset_colours_the_rows()
    {
        var page = await OpenAsync(Report, "?colour=column%3Abody_mass_g");
        await page.WaitForStateAsync(() => page.FindComponent<ScoresSection>().Instance.Column is not null);
        Assert.Contains("coloured by body_mass_g", page.FindComponents<Plot>()[0].Instance.Figure.Description);
        Assert.Contains("There is no column 'gone'", (await OpenAsync(Report, "?colour=column%3Agone")).Find("[role=alert]").TextContent);
    }

    [Fact]
    public async Task Choices_stand_in_the_address()
    {
        var page = await OpenAsync(Report, "");
        await page.ChangeAsync("#component-colour", "column:island");
        Assert.EndsWith("/components?colour=column%3Aisland", Navigation.Uri);
        await page.ChangeAsync("[data-testid=ellipses]", true);
        Assert.EndsWith("ellipses=true", Navigation.Uri);
    }

    [Fact]
    public async Task A_box_of_points_lists_its_rows_and_a_click_names_the_row_in_the_address()
    {
        var page = await OpenAsync(Report, "");
        var plot = page.FindComponents<Plot>()[0];
        await plot.InvokeAsync(() => plot.Instance.OnSelected([0, 4, 1, 0], 2));
        await page.WaitForStateAsync(() => page.FindAll("[data-testid=chosen-table] th").Count > 5);
        Assert.Equal(["13", "151"], page.FindAll("[data-testid=chosen-table] tbody tr").Select(r => r.QuerySelector("td")!.TextContent));
        await plot.InvokeAsync(() => plot.Instance.OnSelected([0, 4], 1));
        Assert.EndsWith("?row=13", Navigation.Uri);
    }

    [Fact]
    public async Task A_report_of_an_older_version_is_drawn_without_rows()
    {
        var page = await OpenAsync(Report with { Rows = null }, "");
        Assert.Equal(4, page.FindComponents<Plot>().Count);
        Assert.Empty(page.FindAll("#row-number"));
    }

    [Fact]
    public async Task Where_there_are_no_components_the_page_says_why()
    {
        Assert.Contains("There is no feature.", (await OpenAsync(null, "")).Markup);
        Navigation.NavigateTo("/experiments/99/trials/1/components");
        Assert.Contains("There is no trial 1 of experiment 99", (await ReadyAsync(99)).Markup);
    }

    private async Task<IRenderedComponent<ComponentsPage>> OpenAsync(PcaReport? pca, string query)
    {
        var dataset = (await Datasets.ListAsync(WorkspaceRow.FirstId, Cancellation)).FirstOrDefault() ?? await ImportSampleAsync("penguins.csv");
        var plan = new ExperimentPlan("species", LearningTask.Multiclass, "accuracy-score", new SplitPlan(), Recipe.Empty, [], ["baseline"], 100, TuningMode.Search);
        var id = (await Experiments.AddAsync(dataset, plan, Cancellation)).Id;
        var report = new TrialReport(new EvaluationReport(LearningTask.Multiclass, 10, new Dictionary<string, double?>(), null, null), null, pca, pca is null ? "There is no feature." : null);
        var sha256 = await Services.GetRequiredService<ArtefactStore>().AddBytesAsync(JsonSerializer.SerializeToUtf8Bytes(report, CoreJson.Options), Cancellation);
        await using var db = await Databases.CreateDbContextAsync(Cancellation);
        var row = await db.Experiments.SingleAsync(e => e.Id == id, Cancellation);
        row.Trials.Add(new TrialRow { Number = 1, TrainerId = "baseline", Status = TrialStatus.Completed, ReportSha256 = sha256, Result = new TrialResult(0.44, new Dictionary<string, double?>(), [0.44], 1.5, 3, 1000, 200, 50, 6, new Dictionary<string, string>()) });
        await db.SaveChangesAsync(Cancellation);
        Navigation.NavigateTo($"/experiments/{id}/trials/1/components{query}");
        return await ReadyAsync(id);
    }

    private async Task<IRenderedComponent<ComponentsPage>> ReadyAsync(int id)
    {
        var page = Render<ComponentsPage>(p => p.Add(x => x.Id, id).Add(x => x.Number, 1));
        await page.WaitForStateAsync(() => page.FindAll(".loading-state").Count == 0);
        return page;
    }
}
