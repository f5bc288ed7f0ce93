using System.Text.Json;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;
using Xunit;

namespace ModelWorkbench.Core.Tests.Trainers;

public sealed class FeatureEncoderTests
{
    private static Column Category(string name, params string?[] values) => DictionaryColumn.FromTexts(name, ColumnKind.Category, values);

    private static FittedFeatureEncoder Fit(FeatureEncoding encoding, params Column[] columns) =>
        FeatureEncoder.Fit(new Table(columns), encoding, TestContext.Current.CancellationToken);

    [Fact]
    public void Numbers_keep_missing_values_as_codes_and_are_filled_by_the_median_otherwise()
    {
        var age = new NumericColumn("age", [1, 2, 3, 10, double.NaN]);
        Assert.Equal([1, 2, 3, 10, float.NaN], Fit(FeatureEncoding.Codes, age).Encode(new Table([age])).Values);
        Assert.Equal([1, 2, 3, 10, 2.5f], Fit(FeatureEncoding.FilledCodes, age).Encode(new Table([age])).Values);

        var encoder = Fit(FeatureEncoding.OneHotStandardized, age);
        Assert.Equal(["age", "age missing"], encoder.FeatureNames);
        Assert.Equal(["age", "age"], encoder.SourceColumns);
        // numpy: x = [1, 2, 3, 10, 2.5]; (x - x.mean()) / x.std()
        float[] expected = [-0.8388492f, 0, -0.5281643f, 0, -0.2174794f, 0, 1.9573148f, 0, -0.3728219f, 1];
        var values = encoder.Encode(new Table([age])).Values;
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], values[i], 1e-6f);
    }

    [Fact]
    public void One_hot_columns_that_would_explode_keep_their_most_frequent_values_and_fit()
    {
        // 200 columns of 90 categories would be 18,000 features; value 0 of each is the most frequent, then 1, and so on.
        Column[] columns = [.. Enumerable.Range(0, 200).Select(c => Category($"c{c}", [.. Enumerable.Range(0, 90).SelectMany(v => Enumerable.Repeat($"v{v:00}", v < 40 ? 41 - v : 1))]))];
        var encoder = Fit(FeatureEncoding.OneHotStandardized, columns);
        Assert.Equal(FeatureEncoder.MaximumOneHotFeatures, encoder.FeatureNames.Count);
        Assert.Equal([.. Enumerable.Range(0, 25).Select(v => $"c7=v{v:00}")], encoder.Columns[7].FeatureNames);
        // What has no column of its own is none of those that have.
        var rows = new Table([.. columns.Select(c => Category(c.Name, "v00", "v80"))]);
        var matrix = encoder.Encode(rows);
        Assert.Equal(200, matrix.Values[..encoder.FeatureNames.Count].Sum());
        Assert.Equal(0, matrix.Values[encoder.FeatureNames.Count..].Sum());
        // Fewer columns keep all that they may.
        Assert.Equal(20 * 90, Fit(FeatureEncoding.OneHotStandardized, columns[..20]).FeatureNames.Count);
        Assert.Equal(200, Fit(FeatureEncoding.Codes, columns).FeatureNames.Count);
    }

    [Fact]
    public void A_number_that_was_never_missing_in_training_is_filled_by_the_median_for_all_trees()
    {
        var encoder = Fit(FeatureEncoding.Codes, new NumericColumn("age", [40, 42, 47]), new NumericColumn("gap", [1, 2, double.NaN]));
        Assert.Equal([42, float.NaN], encoder.Encode(new Table([new NumericColumn("age", [double.NaN]), new NumericColumn("gap", [double.NaN])])).Values);
    }

    [Theory]
    [InlineData("lightgbm")]
    [InlineData("random-forest")]
    [InlineData("extra-trees")]
    public void Trees_answer_a_missing_number_as_they_answer_its_median(string trainerId)
    {
        var trainer = Samples.Trainer(trainerId);
        // The label is the number: a missing value taken as 0 would be answered by about 100, the end nearest to 0.
        var rows = new Table([new NumericColumn("x", [.. Enumerable.Range(100, 301).Select(i => (double)i)])]);
        var encoder = FeatureEncoder.Fit(rows, trainer.Encoding, TestContext.Current.CancellationToken);
        var data = new TrainingData(encoder.Encode(rows), [.. Enumerable.Range(100, 301).Select(i => (float)i)], LearningTask.Regression, 1);
        var scorer = trainer.TrainWithDefaults(data, new TrainingContext(1, 1), TestContext.Current.CancellationToken);
        var scores = Samples.Score(scorer, encoder.Encode(new Table([new NumericColumn("x", [double.NaN, 250])])));
        Assert.Equal(scores[1][0], scores[0][0]);
        Assert.Equal(250, scores[0][0], 10.0);
    }

    [Fact]
    public void Categories_become_codes_by_falling_frequency()
    {
        var city = Category("city", "b", "c", "c", "a", null);
        Assert.Equal([2, 0, 0, 1, float.NaN], Fit(FeatureEncoding.Codes, city).Encode(new Table([city])).Values);
        Assert.Equal([2, 0, 0, 1, 0], Fit(FeatureEncoding.FilledCodes, city).Encode(new Table([city])).Values);
        Assert.Equal([float.NaN], Fit(FeatureEncoding.Codes, city).Encode(new Table([Category("city", "new")])).Values);
        Assert.Equal([0], Fit(FeatureEncoding.FilledCodes, city).Encode(new Table([Category("city", "new")])).Values);
    }

    [Fact]
    public void One_hot_marks_missing_values_and_leaves_unseen_ones_at_zero()
    {
        var sex = Category("sex", "male", "female", "male", null);
        var encoder = Fit(FeatureEncoding.OneHotStandardized, sex);
        Assert.Equal(["sex=male", "sex=female", "sex missing"], encoder.FeatureNames);
        Assert.Equal([0, 1, 0, 0, 0, 1, 0, 0, 0], encoder.Encode(new Table([Category("sex", "female", null, "other")])).Values);
    }

    [Fact]
    public void One_hot_keeps_the_hundred_most_frequent_values()
    {
        var texts = Enumerable.Range(0, 150).SelectMany(i => Enumerable.Repeat($"v{i:000}", i < 50 ? 1 : 2)).ToArray();
        var encoder = Fit(FeatureEncoding.OneHotStandardized, Category("c", texts));
        Assert.Equal(100, encoder.FeatureNames.Count);
        Assert.Equal("c=v050", encoder.FeatureNames[0]);
        Assert.DoesNotContain("c=v049", encoder.FeatureNames);
    }

    [Fact]
    public void Constant_and_empty_columns_yield_no_feature()
    {
        Column[] columns = [new NumericColumn("one", [1, 1]), new NumericColumn("none", [double.NaN, double.NaN]), Category("same", "a", "a"), Category("empty", null, null),
            new DateTimeColumn("day", [5, 5]), DictionaryColumn.FromTexts("text", ColumnKind.Text, ["same words", "same words"])];
        foreach (var encoding in Enum.GetValues<FeatureEncoding>()) Assert.Empty(Fit(encoding, columns).FeatureNames);
        Assert.Equal(["x missing"], Fit(FeatureEncoding.OneHotStandardized, new NumericColumn("x", [1, double.NaN])).FeatureNames);
        Assert.Equal(["x"], Fit(FeatureEncoding.Codes, new NumericColumn("x", [1, double.NaN])).FeatureNames);
        Assert.Empty(Fit(FeatureEncoding.FilledCodes, new NumericColumn("x", [1, double.NaN])).FeatureNames);
    }

    [Fact]
    public void Requests_may_send_numbers_as_text_and_text_as_numbers()
    {
        var category = Fit(FeatureEncoding.Codes, Category("zip", "7", "8", "8"));
        Assert.Equal([1, 0, float.NaN], category.Encode(new Table([new NumericColumn("zip", [7, 8, 9])])).Values);
        var number = Fit(FeatureEncoding.Codes, new NumericColumn("age", [1, 2]));
        Assert.Equal([1.5f, 1.5f, 1.5f], number.Encode(new Table([Category("age", "1.5", "old", null)])).Values);
    }

    [Fact]
    public void A_missing_column_is_named()
    {
        var encoder = Fit(FeatureEncoding.Codes, new NumericColumn("age", [1, 2]));
        Assert.Contains("Column 'age' is missing. The columns are: b.", Assert.Throws<ArgumentException>(() => encoder.Encode(new Table([new NumericColumn("b", [1])]))).Message);
    }

    [Fact]
    public void Dates_become_the_calendar_parts_that_vary()
    {
        static long Ticks(int year, int month, int day, int hour = 0) => new DateTime(year, month, day, hour, 0, 0, DateTimeKind.Utc).Ticks;
        var days = new DateTimeColumn("d", [Ticks(2024, 2, 29), Ticks(2025, 3, 1), DateTimeColumn.MissingTicks]);
        var encoder = Fit(FeatureEncoding.Codes, days);
        Assert.Equal(["d year", "d month", "d day of week", "d days"], encoder.FeatureNames.Where(n => n != "d day of year"));
        // 29 February 2024 was a Thursday and day 60; 1 March 2025 was a Saturday, day 60 too, 366 days later.
        Assert.DoesNotContain("d day of year", encoder.FeatureNames);
        Assert.Equal([2024, 2, 4, 0, 2025, 3, 6, 366], encoder.Encode(new Table([days]).Take([0, 1])).Values);
        Assert.All(encoder.Encode(new Table([days]).Take([2])).Values, v => Assert.True(float.IsNaN(v)));
        Assert.Equal([2025, 3, 6, 366], encoder.Encode(new Table([Category("d", "2025-03-01")])).Values);
        // Only ISO 8601 is a date: which of 1 and 3 is the month nobody can tell.
        Assert.All(encoder.Encode(new Table([Category("d", "01.03.2025")])).Values, v => Assert.True(float.IsNaN(v)));

        var hours = new DateTimeColumn("h", [Ticks(2024, 1, 1), Ticks(2024, 1, 1, 6)]);
        var withHours = Fit(FeatureEncoding.Codes, hours);
        Assert.Equal(["h hour", "h days"], withHours.FeatureNames);
        Assert.Equal([0, 0, 6, 0.25f], withHours.Encode(new Table([hours])).Values);
    }

    [Fact]
    public void Text_weights_equal_those_of_scikit_learn()
    {
        var expected = Samples.ScikitLearn.GetProperty("tf_idf");
        var texts = expected.GetProperty("texts").EnumerateArray().Select(t => t.GetString()).ToArray();
        var words = expected.GetProperty("words").EnumerateArray().Select(w => w.GetString()!).ToArray();
        var column = DictionaryColumn.FromTexts("t", ColumnKind.Text, texts);
        var encoder = Fit(FeatureEncoding.Codes, column);
        Assert.Equal(words.Order(StringComparer.Ordinal), encoder.FeatureNames.Select(n => n["t: ".Length..]).Order(StringComparer.Ordinal));
        var matrix = encoder.Encode(new Table([column]));
        for (var row = 0; row < texts.Length; row++)
            for (var word = 0; word < words.Length; word++)
                Assert.Equal(expected.GetProperty("weights")[row][word].GetDouble(), matrix.Row(row)[encoder.FeatureNames.Index().First(n => n.Item == $"t: {words[word]}").Index], 1e-6);
        Assert.All(encoder.Encode(new Table([DictionaryColumn.FromTexts("t", ColumnKind.Text, [null])])).Values, v => Assert.Equal(0, v));
    }

    [Fact]
    public void An_encoder_survives_json()
    {
        var table = Samples.Read("penguins.csv").With(new DateTimeColumn("seen", [.. Enumerable.Range(0, 344).Select(i => i % 7 == 0 ? DateTimeColumn.MissingTicks : i * TimeSpan.TicksPerHour * 5)]))
            .With(DictionaryColumn.FromTexts("note", ColumnKind.Text, [.. Enumerable.Range(0, 344).Select(i => i % 3 == 0 ? null : $"seen {i % 10} times, word{i}")]));
        foreach (var encoding in Enum.GetValues<FeatureEncoding>())
        {
            var encoder = FeatureEncoder.Fit(table, encoding, TestContext.Current.CancellationToken);
            var read = JsonSerializer.Deserialize<FittedFeatureEncoder>(JsonSerializer.Serialize(encoder))!;
            Assert.Equal(encoder.FeatureNames, read.FeatureNames);
            Assert.Equal(encoder.SourceColumns, read.SourceColumns);
            Assert.Equal(encoder.Encode(table).Values, read.Encode(table).Values);
        }
    }

    [Fact]
    public void A_row_alone_gets_the_features_it_has_among_all()
    {
        var table = Samples.Read("telco_churn.csv");
        var encoder = FeatureEncoder.Fit(table, FeatureEncoding.OneHotStandardized, TestContext.Current.CancellationToken);
        var all = encoder.Encode(table);
        foreach (var row in (int[])[0, 100, 7042]) Assert.Equal(all.Row(row).ToArray(), encoder.Encode(table.Take([row])).Values);
    }

    [Fact]
    public void Huge_numbers_stay_finite()
    {
        var encoder = Fit(FeatureEncoding.OneHotStandardized, new NumericColumn("x", [1, 2, 3]));
        Assert.All(encoder.Encode(new Table([new NumericColumn("x", [1e300, -1e300, double.PositiveInfinity])])).Values, v => Assert.True(float.IsFinite(v)));
    }
}
