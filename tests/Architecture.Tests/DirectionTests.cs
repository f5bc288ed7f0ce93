using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Extensions;
using ArchUnitNET.Loader;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Evaluation;
using ModelWorkbench.Core.Splits;
using Xunit;

namespace ModelWorkbench.Architecture.Tests;

/// <summary>Data never runs back, the wall between Core and the web stands, slices do not know one another.</summary>
public sealed class DirectionTests
{
    private static readonly ArchUnitNET.Domain.Architecture Loaded = new ArchLoader().LoadAssemblies(typeof(Table).Assembly, typeof(Program).Assembly).Build();

    // A stage may use those before it, never those after it.
    private static readonly string[] Stages = ["Datasets", "Profiling", "Splits", "Recipes", "Trainers", "Evaluation", "Tuning", "Explanations", "Optimisation", "Models", "Exports", "Experiments", "Serving", "Assertions", "Monitoring"];

    // Pages, parts and API of one stage; what they share lies in Shell, Plots, Storage, Jobs, Settings.
    private static readonly string[] Slices = ["Datasets", "Recipes", "Experiments", "Evaluation", "Explanations", "Exports", "Assertions"];

    [Fact]
    public void Every_stage_is_known() =>
        Assert.Empty(Types("ModelWorkbench.Core.").Select(t => Part(t, "ModelWorkbench.Core.")).Distinct().Except(Stages));

    [Fact]
    public void A_stage_never_uses_a_later_one()
    {
        var backward = from type in Types("ModelWorkbench.Core.")
                       let stage = Array.IndexOf(Stages, Part(type, "ModelWorkbench.Core."))
                       from used in Used(type, "ModelWorkbench.Core.")
                       where Array.IndexOf(Stages, Part(used, "ModelWorkbench.Core.")) > stage
                       select $"{type.FullName} uses {used.FullName}";
        Assert.Empty(backward.Distinct());
    }

    [Fact]
    public void Core_knows_nothing_of_web_database_and_drawing()
    {
        string[] forbidden = ["Microsoft.AspNetCore.", "Microsoft.EntityFrameworkCore.", "MudBlazor.", "Plotly.", "ModelWorkbench.Workbench."];
        var crossings = from type in Types("ModelWorkbench.Core.")
                        from dependency in type.Dependencies
                        where forbidden.Any(f => dependency.Target.FullName.StartsWith(f, StringComparison.Ordinal))
                        select $"{type.FullName} uses {dependency.Target.FullName}";
        Assert.Empty(crossings.Distinct());
        Assert.DoesNotContain(typeof(Table).Assembly.GetReferencedAssemblies(), a => forbidden.Any(f => (a.Name + ".").StartsWith(f, StringComparison.Ordinal)));
    }

    [Fact]
    public void Slices_do_not_reference_one_another()
    {
        const string root = "ModelWorkbench.Workbench.";
        var crossings = from type in Types(root)
                        let slice = Part(type, root)
                        where Slices.Contains(slice)
                        from used in Used(type, root)
                        let other = Part(used, root)
                        where other != slice && (Slices.Contains(other) || other is "Endpoints" or "Serving")
                        select $"{type.FullName} uses {used.FullName}";
        Assert.Empty(crossings.Distinct());
    }

    [Fact]
    public void Only_the_plot_component_uses_plotly_charts()
    {
        var users = from type in Types("ModelWorkbench.Workbench.")
                    where type.Dependencies.Any(d => d.Target.FullName.StartsWith("Plotly.Blazor", StringComparison.Ordinal)) && Part(type, "ModelWorkbench.Workbench.") != "Plots"
                    select type.FullName;
        Assert.Empty(users.Distinct());
    }

    [Fact]
    public void Only_the_final_report_opens_the_locked_test_set()
    {
        var opener = typeof(LockedTestSet).GetProperty("Table", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetMethod!;
        Assert.False(opener.IsPublic);
        var users = from type in Types("ModelWorkbench.")
                    from call in type.GetCalledMethods()
                    where call.FullName.Contains($"{typeof(LockedTestSet).FullName}::get_Table", StringComparison.Ordinal)
                    select type.FullName;
        Assert.Equal([typeof(FinalReport).FullName!], users.Distinct());
    }

    private static IEnumerable<IType> Types(string prefix) => Loaded.Types.Where(t => t.FullName.StartsWith(prefix, StringComparison.Ordinal));

    private static IEnumerable<IType> Used(IType type, string prefix) => type.Dependencies.Select(d => d.Target).Where(t => t.FullName.StartsWith(prefix, StringComparison.Ordinal));

    private static string Part(IType type, string prefix) => type.FullName[prefix.Length..].Split('.', '+')[0] is var part && type.FullName[prefix.Length..].Contains('.') ? part : "";
}
