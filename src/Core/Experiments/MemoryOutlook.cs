using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Trainers;

namespace ModelWorkbench.Core.Experiments;

/// <summary>What a plan makes of the rows that it was checked on: enough to say what it will take of all rows.</summary>
/// <param name="RowCount">Rows that it was checked on.</param>
/// <param name="PreparedRowCount">Of these, what the steps before the split leave.</param>
/// <param name="SourceBytesPerRow">Of the table as it is read.</param>
/// <param name="PreparedBytesPerRow">Of the table after the recipe.</param>
/// <param name="FeatureCounts">Columns of the feature matrix, by encoding.</param>
/// <param name="ClassCount">0 for numbers.</param>
public sealed record PlanShape(int RowCount, int PreparedRowCount, double SourceBytesPerRow, double PreparedBytesPerRow, IReadOnlyDictionary<FeatureEncoding, int> FeatureCounts, int ClassCount)
{
    private static readonly int DateParts = Enum.GetValues<DatePart>().Length;

    internal static PlanShape Of(Table source, Table prepared, string target, int classCount) => new(
        source.RowCount, prepared.RowCount, source.Columns.Sum(BytesPerRow), prepared.Columns.Sum(BytesPerRow),
        Enum.GetValues<FeatureEncoding>().ToDictionary(e => e, e => FeatureEncoder.CountAtMost(prepared.Columns.Where(c => c.Name != target), e)), classCount);

    // Texts once each, as far as they are spread over the rows; numbers and moments eight bytes, codes of texts four.
    private static double BytesPerRow(Column column) => column is DictionaryColumn texts
        ? 4 + (column.Length == 0 ? 0 : Math.Min(texts.Values.Count, column.Length) * 60.0 / column.Length)
        : 8;
}

/// <param name="TrainerId">The family.</param>
/// <param name="Bytes">That the training process takes at most while a trial of it runs.</param>
public sealed record FamilyMemory(string TrainerId, long Bytes);

/// <summary>The memory that an experiment will take, before it runs: right to about a factor of two, rather too much.</summary>
/// <param name="RowCount">Of the dataset.</param>
/// <param name="FeatureCount">Columns that the widest encoding makes of each row.</param>
/// <param name="DataBytes">Tables, without any family.</param>
/// <param name="Families">One for each that the plan names, in its order.</param>
public sealed record MemoryOutlook(long RowCount, int FeatureCount, long DataBytes, IReadOnlyList<FamilyMemory> Families)
{
    /// <summary>The program itself, before it has read anything.</summary>
    private const long ProcessBytes = 150L << 20;

    /// <summary>Features that are kept for the next trials: see <see cref="ExperimentData"/>.</summary>
    private const long MostKeptBytes = 1L << 30;

    /// <summary>Of the most demanding family.</summary>
    public long Bytes => Families.Count == 0 ? DataBytes : Families.Max(f => f.Bytes);

    /// <param name="plan">What is asked for.</param>
    /// <param name="shape">From its check.</param>
    /// <param name="rowCount">Of the whole dataset.</param>
    public static MemoryOutlook Of(ExperimentPlan plan, PlanShape shape, long rowCount)
    {
        var prepared = (long)(rowCount * (double)shape.PreparedRowCount / Math.Max(1, shape.RowCount));
        var (folds, training) = (Math.Max(1, plan.Split.Folds * plan.Split.Repeats), (long)(prepared * (1 - plan.Split.TestFraction)));
        // As it is read and as it is prepared, then a copy of the latter for each fold and one of all rows.
        var data = ProcessBytes + (long)(rowCount * shape.SourceBytesPerRow + prepared * shape.PreparedBytesPerRow * (folds + 2));
        return new MemoryOutlook(rowCount, shape.FeatureCounts.Values.DefaultIfEmpty().Max(), data, [.. plan.TrainerIds.Select(id => TrainerCatalog.All.FirstOrDefault(t => t.Id == id)).OfType<Trainer>().Select(trainer =>
        {
            var features = shape.FeatureCounts[trainer.Encoding];
            var matrix = 4L * training * features;
            var learnt = new TrainingShape(plan.Task, (int)Math.Min(int.MaxValue, training), features, shape.ClassCount) { IsWeighted = plan.IsWeighted };
            return new FamilyMemory(trainer.Id, data + matrix + Math.Min(MostKeptBytes, matrix * (folds - 1)) + trainer.MemoryBytes(learnt, HyperparameterValues.Defaults(trainer.Dials(learnt))));
        })]);
    }
}
