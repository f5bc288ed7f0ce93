using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bunit;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Recipes;
using ModelWorkbench.Workbench.Recipes.Parts;
using ModelWorkbench.Workbench.Shell;
using Xunit;

namespace ModelWorkbench.Workbench.Tests.Recipes;

/// <summary>Every step that a recipe can hold is on the menu and has a form for all of its settings.</summary>
public class StepFormTests : PartTest
{
    public static TheoryData<string> Ids => [.. typeof(RecipeStep).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(a => (string)a.TypeDiscriminator!)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_step_is_on_the_menu_with_words_of_its_own(string id)
    {
        var kind = Assert.Single(StepKind.All, k => k.Id == id);
        Assert.Equal(id, JsonSerializer.SerializeToElement(kind.Blank, CoreJson.Options).GetProperty("step").GetString());
        Assert.NotEqual("", kind.Help);
        Assert.Contains(kind, StepKind.Find(kind.Title));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_setting_of_a_step_has_a_field(string id)
    {
        var blank = StepKind.All.Single(k => k.Id == id).Blank;
        var settings = JsonSerializer.SerializeToElement(blank, CoreJson.Options).EnumerateObject().Select(p => p.Name).Except(["step", "enabled", "label"]);
        // A step may hide a field that does not count as the others stand, but has one for it.
        Assert.Empty(settings.Except(StepField.Derive(blank).Select(f => f.Name)));
        Assert.NotEmpty(blank.Fields);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_field_shows_a_labelled_control_and_changes_its_setting_alone(string id)
    {
        var blank = StepKind.All.Single(k => k.Id == id).Blank;
        ColumnPicker.Choice[] columns = [new("size", ColumnKind.Numeric, 0), new("name", ColumnKind.Category, 1), new("words", ColumnKind.Text, 0), new("day", ColumnKind.DateTime, 0)];
        var form = Render<StepForm>(p => p.Add(f => f.Step, blank).Add(f => f.Columns, columns));
        foreach (var field in blank.Fields)
        {
            var control = form.Find($"[data-testid=step-{JsonNamingPolicy.KebabCaseLower.ConvertName(field.Name)}]");
            if (control.Id is { Length: > 0 } controlId) Assert.NotNull(form.Find($"label[for='{controlId}']"));
            var changed = field switch
            {
                StepField.ColumnList f => f.Set(["size"]),
                StepField.ColumnName f => f.Set("day"),
                StepField.Choice f => f.Set(f.Options[^1].Value == f.Value ? f.Options[0].Value : f.Options[^1].Value),
                StepField.ChoiceList f => f.Set([f.Options[^1].Value]),
                StepField.Flag f => f.Set(!f.Value),
                StepField.Number f => f.Set((f.Value ?? 1) + 1),
                StepField.TextList f => f.Set(["one", "two"]),
                StepField.Text f => f.Set("something else"),
                StepField.Formula f => f.Set("size + 1"),
                _ => blank,
            };
            var (before, after) = (JsonSerializer.SerializeToElement(blank, CoreJson.Options), JsonSerializer.SerializeToElement(changed, CoreJson.Options));
            var differing = before.EnumerateObject().Concat(after.EnumerateObject()).Select(p => p.Name).Distinct()
                .Where(n => (before.TryGetProperty(n, out var b) ? b.GetRawText() : null) != (after.TryGetProperty(n, out var a) ? a.GetRawText() : null));
            Assert.Equal([field.Name], differing);
        }
    }
}
