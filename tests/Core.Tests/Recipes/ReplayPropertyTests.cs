using CsCheck;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Recipes.Scripts;
using Xunit;
using static ModelWorkbench.Core.Tests.Recipes.Samples;

namespace ModelWorkbench.Core.Tests.Recipes;

/// <summary>What a model is asked one row at a time goes through the same recipe as the rows it learnt from.</summary>
public class ReplayPropertyTests
{
    private static readonly Gen<double> Numbers = Gen.OneOf(Gen.Int[-5, 100].Select(i => (double)i), Gen.Double[-1e6, 1e6], OneOf(double.NaN, double.NaN, 0, -0.0, 1e300, -1e300, 1e-300, -1, 42));
    private static readonly Gen<string?> Words = OneOf<string?>("Bonn", "bonn", " Bonn ", "Ulm", "12", "3,5", "$1,299.00", "45%", "2024-01-31", "31.05.2024", "", "ß", "日本", "a b c", "x\ny", "\"", null, null);
    private static readonly Gen<long> Moments = Gen.OneOf(Gen.Int[0, 20_000].Select(d => new DateTime(1980, 1, 1).AddDays(d).Ticks), Gen.Long[new DateTime(1, 1, 2).Ticks, new DateTime(9999, 12, 30).Ticks], Gen.Const(DateTimeColumn.MissingTicks));

    private static readonly Gen<Table> Tables = Gen.Int[10, 30].SelectMany(n => Gen.Select(
        Numbers.Array[n], Gen.OneOf(Numbers.Array[n], Gen.Double[1, 1e6].Array[n]), Words.Array[n], Words.Array[n], OneOf<string?>("yes", "no", null).Array[n], Moments.Array[n],
        (age, income, city, note, member, joined) => new Table(
        [
            new NumericColumn("age", age), new NumericColumn("income", income), DictionaryColumn.FromTexts("city", ColumnKind.Category, city),
            DictionaryColumn.FromTexts("note", ColumnKind.Text, note), DictionaryColumn.FromTexts("member", ColumnKind.Boolean, member), new DateTimeColumn("joined", joined),
            // The target is never missing.
            new NumericColumn("y", [.. Enumerable.Range(0, n).Select(i => (double)(i * 7 % 5))]),
        ])));

    private static readonly Gen<RecipeStep[]> Recipes = OneOf([.. SampleSteps.All()]).Array[1, 6];

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Fact]
    public void Row_by_row_gives_the_cells_of_the_bulk_for_random_tables_and_recipes()
    {
        var fittedSteps = new Dictionary<Type, int>();
        Gen.Select(Tables, Recipes).Sample((table, steps) =>
        {
            // A step that cannot be applied to this table says so; the others are fitted one after the other.
            var kept = new List<RecipeStep>();
            FittedRecipe fitted = new([]);
            var rows = Splitter.Split(table, "y", new SplitPlan()).Training;
            var trained = rows.Table;
            foreach (var step in steps)
            {
                try
                {
                    var training = new Recipe([.. kept, step]).FitAndReplay(rows, "y");
                    (fitted, trained) = (training.Recipe, training.Rows);
                    kept.Add(step);
                    lock (fittedSteps) fittedSteps[step.GetType()] = fittedSteps.GetValueOrDefault(step.GetType()) + 1;
                }
                catch (RecipeException) { }
            }
            var request = table.Without(["y"]);
            var bulk = fitted.ReplayAtPrediction(request);
            Assert.Equal(request.RowCount, bulk.RowCount);
            for (var row = 0; row < request.RowCount; row++)
                Assert.Equal(Show(bulk.Take([row])), Show(fitted.ReplayAtPrediction(request.Take([row]))));
            // The rows that no step dropped are those that a model would be asked about. A step fitted to the target teaches other numbers than it replays.
            if (kept.Exists(s => s.LearnsFromTarget)) return;
            var learnt = trained.Without(["y"]);
            var served = bulk.LineNumbers.ToArray().Index().ToDictionary(l => l.Item, l => l.Index);
            Assert.Equal(Show(learnt), Show(bulk.Take([.. learnt.LineNumbers.ToArray().Select(line => served[line])])));
        }, iter: 2000);
        // Every step was there often enough to mean something.
        Assert.All(SampleSteps.All(), step => Assert.True(fittedSteps.GetValueOrDefault(step.GetType()) > 0, step.Title));
    }
}
