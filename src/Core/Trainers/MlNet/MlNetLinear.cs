using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;

namespace ModelWorkbench.Core.Trainers;

/// <summary>Takes the numbers out of ML.NET's linear models.</summary>
internal static class MlNetLinear
{
    public static LinearScorer ToScorer(CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator> model)
    {
        // ML.NET's Platt scaling is 1 / (1 + exp(slope * score + offset)): the log-odds have the other sign.
        double slope = -model.Calibrator.Slope, offset = -model.Calibrator.Offset;
        return Build([.. model.SubModel.Weights.Select(w => slope * w)], [(slope * model.SubModel.Bias) + offset], LinearLink.Logistic);
    }

    public static LinearScorer ToScorer(MaximumEntropyModelParameters model)
    {
        VBuffer<float>[] weights = [];
        model.GetWeights(ref weights, out _);
        return Build([.. weights.SelectMany(w => w.DenseValues()).Select(w => (double)w)], [.. model.GetBiases().Select(b => (double)b)], LinearLink.Softmax);
    }

    /// <exception cref="TrainingFailedException">A weight is not finite: training diverged.</exception>
    public static LinearScorer Build(double[] weights, double[] biases, LinearLink link) =>
        weights.All(double.IsFinite) && biases.All(double.IsFinite) ? new LinearScorer(weights, biases, link)
            : throw new TrainingFailedException("Training diverged: a weight became infinite. Look for extremely large values in the features.");
}
