namespace ModelWorkbench.Core.Explanations;

/// <summary>Where 95 % of the points of a cloud lie if it is normal: the ellipse of its mean and covariance.</summary>
/// <param name="CentreX">Mean along the first axis.</param>
/// <param name="CentreY">Mean along the second axis.</param>
/// <param name="LongRadius">Half the long axis.</param>
/// <param name="ShortRadius">Half the short axis.</param>
/// <param name="Angle">Of the long axis from the first axis, in radians.</param>
/// <remarks>The covariance has n - 1 in the denominator; the radius is the root of the 95 % point of chi-squared with 2 degrees of freedom: Johnson and Wichern (2007), Applied Multivariate Statistical Analysis, 4.2.</remarks>
public sealed record CovarianceEllipse(double CentreX, double CentreY, double LongRadius, double ShortRadius, double Angle)
{
    // -2 ln 0.05: with 2 degrees of freedom chi-squared is exponential.
    private const double ChiSquared = 5.991464547107979;
    private const int FewestPoints = 3;

    /// <param name="x">Length n.</param>
    /// <param name="y">Length n.</param>
    /// <returns>Null of fewer than three points, and where all are one.</returns>
    public static CovarianceEllipse? Of(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        if (x.Count != y.Count) throw new ArgumentException($"Found {x.Count} and {y.Count} coordinates.", nameof(y));
        if (x.Count < FewestPoints) return null;
        var (meanX, meanY) = (x.Average(), y.Average());
        var (xx, xy, yy) = (0.0, 0.0, 0.0);
        for (var i = 0; i < x.Count; i++)
        {
            var (dx, dy) = (x[i] - meanX, y[i] - meanY);
            (xx, xy, yy) = (xx + (dx * dx), xy + (dx * dy), yy + (dy * dy));
        }
        var n = x.Count - 1;
        (xx, xy, yy) = (xx / n, xy / n, yy / n);
        // Eigenvalues of the 2 by 2 covariance in closed form.
        var (half, root) = ((xx + yy) / 2, Math.Sqrt(((xx - yy) * (xx - yy) / 4) + (xy * xy)));
        if (half + root <= 0) return null;
        return new CovarianceEllipse(meanX, meanY, Math.Sqrt(ChiSquared * (half + root)), Math.Sqrt(ChiSquared * Math.Max(0, half - root)), Math.Atan2(2 * xy, xx - yy) / 2);
    }

    /// <summary>Points along the line, the last being the first again.</summary>
    /// <param name="count">At least 2.</param>
    public IReadOnlyList<(double X, double Y)> Line(int count)
    {
        var points = new (double, double)[count];
        var (cosine, sine) = (Math.Cos(Angle), Math.Sin(Angle));
        for (var i = 0; i < count; i++)
        {
            var (along, across) = (LongRadius * Math.Cos(2 * Math.PI * i / (count - 1)), ShortRadius * Math.Sin(2 * Math.PI * i / (count - 1)));
            points[i] = (CentreX + (along * cosine) - (across * sine), CentreY + (along * sine) + (across * cosine));
        }
        return points;
    }
}
