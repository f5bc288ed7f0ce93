using System.Text.Json;
using CsCheck;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Core.Splits;
using ModelWorkbench.Core.Tests.Recipes;
using Xunit;

namespace ModelWorkbench.Core.Tests.Splits;

/// <summary>Groups, order of time, parts of one's own, repeats: what holds for any rows, and what scikit-learn does.</summary>
public class SplitMethodTests
{
    private static readonly Gen<(int[] Groups, int[] Classes, SplitPlan Plan)> GroupedCases =
        from groupCount in Gen.Int[7, 40]
        from sizes in Gen.Int[1, 15].Array[groupCount]
        from classes in Gen.Int[0, 2].Array[sizes.Sum()]
        from order in Gen.Shuffle(sizes.SelectMany((size, g) => Enumerable.Repeat(g, size)).ToArray())
        from fraction in Gen.Int[5, 50]
        from folds in Gen.Int[1, 6]
        from repeats in Gen.Int[1, 3]
        from stratified in Gen.Bool
        from seed in Gen.Int
        select (order, classes, new SplitPlan(fraction / 100.0, folds, stratified, seed, repeats, SplitMethod.Grouped, "group"));

    private static readonly Gen<(double[] Times, SplitPlan Plan)> TimeCases =
        from distinct in Gen.Int[8, 60]
        from rest in Gen.Int[0, distinct - 1].Array[0, 150]
        from order in Gen.Shuffle(Enumerable.Range(0, distinct).Concat(rest).ToArray())
        from fraction in Gen.Int[5, 50]
        from folds in Gen.Int[1, 6]
        select (Array.ConvertAll(order, t => t * 1.5), new SplitPlan(fraction / 100.0, folds, Method: SplitMethod.TimeOrdered, Column: "time"));

    [Fact]
    public void No_group_is_on_both_sides_and_every_row_is_counted() => GroupedCases.Sample(c =>
    {
        var table = new Table([Numbers("group", c.Groups), Classes(c.Classes), Numbers("x", c.Classes)]);
        var split = Splitter.Split(table, "y", c.Plan);
        var groups = (int[])[.. split.Training.Positions];
        Assert.Equal(Enumerable.Range(0, table.RowCount), groups.Concat(split.Test.Positions.ToArray()).Order());
        Assert.Empty(groups.Select(r => c.Groups[r]).Intersect(split.Test.Positions.ToArray().Select(r => c.Groups[r])));
        Assert.True(split.Test.RowCount > 0);
        Assert.Null(split.Training.Table.Find("group"));

        var folds = Splitter.Folds(split.Training, "y", c.Plan);
        Assert.Equal(c.Plan.Folds == 1 ? 1 : c.Plan.Folds * c.Plan.Repeats, folds.Count);
        foreach (var fold in folds)
        {
            int[] GroupsOf(ReadOnlySpan<int> positions) => [.. positions.ToArray().Select(p => c.Groups[groups[p]]).Distinct()];
            Assert.Empty(GroupsOf(fold.Training.Positions).Intersect(GroupsOf(fold.Validation.Positions)));
            Assert.True(fold.Validation.Table.RowCount > 0 && fold.Training.Table.RowCount > 0);
            Assert.Equal(split.Training.Table.RowCount, fold.Training.Table.RowCount + fold.Validation.Table.RowCount);
            Assert.Null(fold.Training.Table.Find("group"));
        }
        if (c.Plan.Folds > 1)
            foreach (var repeat in folds.Chunk(c.Plan.Folds))
                Assert.Equal(Enumerable.Range(0, groups.Length), repeat.SelectMany(f => f.Validation.Positions.ToArray()).Order());
    });

    [Fact]
    public void Parts_of_whole_groups_differ_by_no_more_than_the_largest_group() => GroupedCases.Sample(c =>
    {
        var plan = c.Plan with { Stratified = false, TestFraction = 0, Folds = Math.Max(2, c.Plan.Folds) };
        var table = new Table([Numbers("group", c.Groups)]);
        var largest = c.Groups.CountBy(g => g).Max(g => g.Value);
        foreach (var repeat in Splitter.Folds(Splitter.Split(table, null, plan).Training, null, plan).Chunk(plan.Folds))
            Assert.True(repeat.Max(f => f.Validation.Table.RowCount) - repeat.Min(f => f.Validation.Table.RowCount) <= largest);
        var test = Splitter.Split(table, null, plan with { TestFraction = 0.2, Folds = 1 }).Test;
        Assert.InRange(test.RowCount, 0.2 * table.RowCount - largest, 0.2 * table.RowCount + largest);
    });

    [Fact]
    public void Whole_groups_keep_the_shares_of_the_classes_as_near_as_they_allow()
    {
        // 200 patients with 1 to 6 visits, each ill or not on all visits: 30 % are ill.
        var random = new Random(7);
        var visits = Enumerable.Range(0, 200).Select(_ => random.Next(1, 7)).ToArray();
        var table = new Table([Numbers("patient", [.. visits.SelectMany((n, p) => Enumerable.Repeat(p, n))]), Classes([.. visits.SelectMany((n, p) => Enumerable.Repeat(p % 10 < 3 ? 1 : 0, n))])]);
        var plan = new SplitPlan(Method: SplitMethod.Grouped, Column: "patient");
        var share = Share(table);
        var split = Splitter.Split(table, "y", plan);
        Assert.Equal(share, Share(table.Take(split.Test.Positions)), 0.02);
        Assert.Equal(0.2, (double)split.Test.RowCount / table.RowCount, 0.01);
        Assert.All(Splitter.Folds(split.Training, "y", plan), fold => Assert.Equal(share, Share(fold.Validation.Table), 0.02));

        static double Share(Table rows) => Enumerable.Range(0, rows.RowCount).Count(row => rows["y"].GetText(row) == "c1") / (double)rows.RowCount;
    }

    [Fact]
    public void Groups_are_dealt_out_as_by_scikit_learn()
    {
        foreach (var expected in Expected("grouped"))
        {
            var groups = expected.GetProperty("sizes").EnumerateArray().Select(s => new[] { (0, s.GetInt32()) }).ToArray();
            Assert.Equal(FoldOfGroup(expected), Named(GroupParts.Assign(groups, [.. Enumerable.Range(0, groups.Length).OrderByDescending(g => groups[g][0].Item2)], Shares(expected))));
        }
        foreach (var expected in Expected("stratified"))
        {
            var counts = expected.GetProperty("counts").EnumerateArray().Select(c => c.Doubles()).ToArray();
            var groups = counts.Select(c => c.Index().Where(n => n.Item > 0).Select(n => (n.Index, (int)n.Item)).ToArray()).ToArray();
            Assert.Equal(FoldOfGroup(expected), Named(GroupParts.Assign(groups, [.. expected.GetProperty("order").EnumerateArray().Select(g => g.GetInt32())], Shares(expected))));
        }

        // Among empty folds rounding decides which is first: folds are named in order of their first group.
        static int[] Named(int[] folds) => Array.ConvertAll(folds, f => Array.IndexOf([.. folds.Distinct()], f));
        static int[] FoldOfGroup(JsonElement expected) => Named([.. expected.GetProperty("foldOfGroup").EnumerateArray().Select(f => f.GetInt32())]);
        static double[] Shares(JsonElement expected) => [.. Enumerable.Repeat(1.0 / expected.GetProperty("folds").GetInt32(), expected.GetProperty("folds").GetInt32())];
    }

    [Fact]
    public void Rows_in_order_of_time_are_cut_as_by_scikit_learn()
    {
        foreach (var expected in Expected("times"))
        {
            var plan = new SplitPlan(0, expected.GetProperty("folds").GetInt32(), Method: SplitMethod.TimeOrdered, Column: "time");
            var table = new Table([Numbers("time", [.. Enumerable.Range(0, expected.GetProperty("rows").GetInt32())])]);
            var folds = Splitter.Folds(Splitter.Split(table, null, plan).Training, null, plan);
            Assert.Equal(expected.GetProperty("cuts").EnumerateArray().Select(c => (c[0].GetInt32(), c[1].GetInt32())), folds.Select(f => (f.Training.Table.RowCount, f.Validation.Table.RowCount)));
        }
    }

    [Fact]
    public void Validation_is_always_after_training_and_the_locked_rows_are_the_latest() => TimeCases.Sample(c =>
    {
        var table = new Table([new NumericColumn("time", c.Times), Numbers("x", [.. c.Times.Select(_ => 1)])]);
        var split = Splitter.Split(table, null, c.Plan);
        Assert.Equal(Enumerable.Range(0, table.RowCount), split.Training.Positions.ToArray().Concat(split.Test.Positions.ToArray()).Order());
        Assert.True(Times(split.Training.Table).Max() < Times(table.Take(split.Test.Positions)).Min());
        var folds = Splitter.Folds(split.Training, null, c.Plan);
        Assert.Equal(c.Plan.Folds, folds.Count);
        for (var i = 0; i < folds.Count; i++)
        {
            Assert.True(Times(folds[i].Training.Table).Max() < Times(folds[i].Validation.Table).Min());
            Assert.Equal(split.Training.Table.Take(folds[i].Validation.Positions).LineNumbers.ToArray(), folds[i].Validation.Table.LineNumbers.ToArray());
            // The window grows by what it was judged on.
            if (i > 0) Assert.Equal(folds[i - 1].Training.Table.RowCount + folds[i - 1].Validation.Table.RowCount, folds[i].Training.Table.RowCount);
        }
        Assert.Equal(split.Training.Table.RowCount, folds[^1].Training.Table.RowCount + folds[^1].Validation.Table.RowCount);

        static double[] Times(Table rows) => ((NumericColumn)rows["time"]).Values.ToArray();
    });

    [Fact]
    public void Rows_of_one_time_stay_on_the_nearer_side()
    {
        // 100 rows of ten days; 80 % is the end of a day, 75 % in the middle of one.
        var day = new DateTime(2026, 1, 1).Ticks;
        var table = new Table([new DateTimeColumn("day", [.. Enumerable.Range(0, 100).Select(i => day + i / 10 * TimeSpan.TicksPerDay)])]);
        int Test(double fraction) => Splitter.Split(table, null, new SplitPlan(fraction, 1, Method: SplitMethod.TimeOrdered, Column: "day")).Test.RowCount;
        Assert.Equal([20, 20, 30], [Test(0.2), Test(0.22), Test(0.27)]);
    }

    [Fact]
    public void Repeats_cut_anew_and_begin_as_without_them()
    {
        var table = Samples.Read("iris.csv");
        var once = new SplitPlan();
        var training = Splitter.Split(table, "species", once).Training;
        var folds = Splitter.Folds(training, "species", once with { Repeats = 3 });
        Assert.Equal(15, folds.Count);
        Assert.Equal(Positions(Splitter.Folds(training, "species", once)), Positions(folds.Take(5)));
        Assert.Equal(15, Positions(folds).Distinct().Count());
        Assert.All(Enumerable.Range(0, training.Table.RowCount), row => Assert.Equal(3, folds.Count(f => f.Validation.Positions.Contains(row))));
        // The folds of each repeat hold of each class its share.
        Assert.All(folds, fold => Assert.All(Enumerable.Range(0, fold.Validation.Table.RowCount).CountBy(row => fold.Validation.Table["species"].GetText(row)!), c => Assert.Equal(8, c.Value)));
    }

    [Fact]
    public void The_same_seed_gives_the_same_groups_and_another_seed_others()
    {
        var table = new Table([Numbers("group", [.. Enumerable.Range(0, 400).Select(i => i / 7)])]);
        string[] Parts(int seed)
        {
            var plan = new SplitPlan(Seed: seed, Repeats: 2, Method: SplitMethod.Grouped, Column: "group");
            var split = Splitter.Split(table, null, plan);
            return [string.Join(',', split.Test.Positions.ToArray()), .. Positions(Splitter.Folds(split.Training, null, plan))];
        }
        Assert.Equal(Parts(1), Parts(1));
        Assert.Equal(22, Parts(1).Concat(Parts(2)).Distinct().Count());
    }

    [Theory]
    [InlineData("train,Train,VALIDATION,test,Testing,training", "2", "3,4", 1)]
    [InlineData("fit,dev,holdout,learn", "1", "2", 1)]
    [InlineData("fold_1,fold 2,Fold3,test,fold1", "0,4|1|2", "3", 3)]
    [InlineData("0,1,2,3,0,1", "0,4|1,5|2", "3", 3)]
    public void Parts_of_ones_own_are_taken_as_they_are_named(string parts, string validation, string test, int folds)
    {
        var table = new Table([Samples.Categories("set", parts.Split(',')), Numbers("x", [.. parts.Split(',').Select(_ => 1)])]);
        var plan = new SplitPlan(Method: SplitMethod.OwnColumn, Column: "set", Folds: 2);
        var split = Splitter.Split(table, null, plan);
        Assert.Equal(test, string.Join(',', split.Test.Positions.ToArray()));
        var training = split.Training.Positions.ToArray();
        var made = Splitter.Folds(split.Training, null, plan);
        Assert.Equal(folds, made.Count);
        Assert.Equal(validation, string.Join('|', made.Select(f => string.Join(',', f.Validation.Positions.ToArray().Select(p => training[p])))));
        Assert.Null(split.Training.Table.Find("set"));
    }

    [Fact]
    public void Training_rows_of_ones_own_are_cut_as_the_plan_says_where_none_is_marked_validation()
    {
        var table = new Table([Samples.Categories("set", [.. Enumerable.Range(0, 50).Select(i => i % 5 == 0 ? "test" : "train")])]);
        var plan = new SplitPlan(Method: SplitMethod.OwnColumn, Column: "set", Folds: 4, Repeats: 2);
        var split = Splitter.Split(table, null, plan);
        Assert.Equal((40, 10), (split.Training.Table.RowCount, split.Test.RowCount));
        Assert.Equal(8, Splitter.Folds(split.Training, null, plan).Count);

        var few = new Table([Samples.Categories("set", "train", "train", "train", "test")]);
        var problem = Assert.Single(Assert.Throws<SplitException>(() => Splitter.Folds(Splitter.Split(few, null, plan).Training, null, plan)).Problems);
        Assert.Equal(new SplitProblem("3 training rows cannot be divided into 4 folds; expected at least 4.", "Folds"), problem);
    }

    [Fact]
    public void Without_test_rows_of_ones_own_training_and_validation_rows_give_their_share()
    {
        var table = new Table([Samples.Categories("set", [.. Enumerable.Range(0, 100).Select(i => i < 60 ? "train" : "valid")])]);
        var plan = new SplitPlan(0.2, Method: SplitMethod.OwnColumn, Column: "set");
        var split = Splitter.Split(table, null, plan);
        Assert.Equal(12, split.Test.Positions.ToArray().Count(row => row < 60));
        Assert.Equal(20, split.Test.RowCount);
        Assert.Equal((48, 32), Splitter.Folds(split.Training, null, plan).Select(f => (f.Training.Table.RowCount, f.Validation.Table.RowCount)).Single());
        Assert.Equal(0, Splitter.Split(table, null, plan with { TestFraction = 0 }).Test.RowCount);
    }

    [Theory]
    [InlineData(SplitMethod.Grouped, "a,a,a,a,a,a,a,a", "Column 'by' has the same value 'a' in all rows; expected at least 6, as 5 folds and the locked test set have no group in common.")]
    [InlineData(SplitMethod.Grouped, "a,b,c,a,b,c,d,d", "Column 'by' has 4 different values; expected at least 6")]
    [InlineData(SplitMethod.Grouped, "a,b,,d,e,f,g,", "Column 'by' says which rows belong together, and 2 rows have no value in it (first on line 4); expected one in every row.")]
    [InlineData(SplitMethod.TimeOrdered, "5,5,5,5,5,5,5,5", "Column 'by' has the same time 5 in all rows; expected at least 7, as 5 folds and the locked test set have no time in common.")]
    [InlineData(SplitMethod.TimeOrdered, "1,2,3,4,5,6,7,", "1 row has no value in it (line 9)")]
    [InlineData(SplitMethod.TimeOrdered, "Monday,b,c,d,e,f,g,h", "Column 'by' holds categories, found 'Monday' on line 2; expected dates or numbers. A recipe step can read dates from text.")]
    [InlineData(SplitMethod.OwnColumn, "train,train,tset,train,test,x,x,test", "Column 'by': expected train, validation or test, or the numbers of folds; found 'tset' in 1 row (line 4), 'x' in 2 rows (first on line 7).")]
    [InlineData(SplitMethod.OwnColumn, "train,train,,train,test,test,test,test", "1 row has no value in it (line 4)")]
    [InlineData(SplitMethod.OwnColumn, "test,test,test,test,val,val,val,val", "marks no row as train; expected train, validation or test, or the numbers of folds, found only validation and test.")]
    [InlineData(SplitMethod.OwnColumn, "1,2,1,2,1,2,1,2", "numbers 2 folds (1, 2); expected at least 3, one of which becomes the locked test set as no row is marked test.")]
    [InlineData(SplitMethod.OwnColumn, "1,2,1,2,train,2,1,2", "holds numbers of folds (1, 2) and rows marked train; expected either names or numbers, test rows apart.")]
    public void A_column_that_cannot_divide_the_rows_says_why(SplitMethod method, string values, string message)
    {
        var texts = values.Split(',');
        Column by = texts.All(t => t.Length == 0 || double.TryParse(t, out _)) && method == SplitMethod.TimeOrdered
            ? new NumericColumn("by", [.. texts.Select(t => t.Length == 0 ? double.NaN : double.Parse(t))])
            : Samples.Categories("by", [.. texts.Select(t => t.Length == 0 ? null : t)]);
        var exception = Assert.Throws<SplitException>(() => Splitter.Split(Samples.Table(by), null, new SplitPlan(Method: method, Column: "by")));
        Assert.Contains(message, exception.Message);
        Assert.Equal("Column", Assert.Single(exception.Problems).Setting);
    }

    [Fact]
    public void One_class_only_and_one_row_a_class_can_be_grouped_and_ordered()
    {
        foreach (var classes in new[] { new int[60], [.. Enumerable.Range(0, 60)] })
            foreach (var method in new[] { SplitMethod.Grouped, SplitMethod.TimeOrdered })
            {
                var table = new Table([Numbers("by", [.. Enumerable.Range(0, 60).Select(i => i / 3)]), Classes(classes)]);
                var plan = new SplitPlan(Method: method, Column: "by");
                var split = Splitter.Split(table, "y", plan);
                Assert.Equal(12, split.Test.RowCount, 1.0);
                Assert.Equal(5, Splitter.Folds(split.Training, "y", plan).Count(f => f.Validation.Table.RowCount > 0));
            }
    }

    [Fact]
    public void A_plan_from_before_there_were_methods_can_be_read_and_new_ones_come_back()
    {
        Assert.Equal(new SplitPlan(0.3, 4, false, 7), JsonSerializer.Deserialize<SplitPlan>("""{"testFraction":0.3,"folds":4,"stratified":false,"seed":7}""", CoreJson.Options));
        var plan = new SplitPlan(Repeats: 2, Method: SplitMethod.Grouped, Column: "customer");
        var json = JsonSerializer.Serialize(plan, CoreJson.Options);
        Assert.Contains("\"method\":\"grouped\"", json);
        Assert.DoesNotContain("hidden", json, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(plan, JsonSerializer.Deserialize<SplitPlan>(json, CoreJson.Options));
    }

    [Fact]
    public void Settings_that_do_not_go_together_are_named()
    {
        static string[] Settings(SplitPlan plan) => [.. plan.Check(100).Select(p => p.Setting)];
        Assert.Equal(["Column"], Settings(new SplitPlan(Method: SplitMethod.Grouped)));
        Assert.Equal(["Column"], Settings(new SplitPlan(Column: "x")));
        Assert.Equal(["TestFraction", "Folds", "Repeats", "Column"], Settings(new SplitPlan(0.9, 0, Repeats: 11, Method: SplitMethod.OwnColumn)));
        Assert.Equal(["Repeats"], Settings(new SplitPlan(Repeats: 2, Method: SplitMethod.TimeOrdered, Column: "t")));
        Assert.Equal(["Method"], Settings(new SplitPlan(Method: (SplitMethod)9)));
        Assert.Empty(Settings(new SplitPlan(0)));
        Assert.Contains("expected the same plan for both", Assert.Throws<ArgumentException>(() =>
            Splitter.Folds(Splitter.Split(Samples.Read("iris.csv"), null, new SplitPlan()).Training, null, new SplitPlan(Method: SplitMethod.Grouped, Column: "species"))).Message);
    }

    private static IEnumerable<JsonElement> Expected(string method) => Samples.Expected("Splits", "methods.json").GetProperty(method).EnumerateArray();

    private static NumericColumn Numbers(string name, int[] values) => new(name, Array.ConvertAll(values, v => (double)v));

    private static DictionaryColumn Classes(int[] classes) => DictionaryColumn.FromTexts("y", ColumnKind.Category, Array.ConvertAll(classes, c => $"c{c}"));

    private static string[] Positions(IEnumerable<Fold> folds) => [.. folds.Select(f => string.Join(',', f.Validation.Positions.ToArray()))];
}
