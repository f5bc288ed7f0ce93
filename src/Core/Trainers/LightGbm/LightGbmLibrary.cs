using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

[assembly: InternalsVisibleTo("Core.Tests")]
[assembly: InternalsVisibleTo("Benchmarks")]

namespace ModelWorkbench.Core.Trainers;

/// <summary>The C interface of LightGBM, as far as training needs it.</summary>
/// <remarks>Only models trained in this process are touched: the library does not survive a damaged model text.</remarks>
internal static unsafe partial class LightGbmLibrary
{
    private const string Name = "lib_lightgbm";
    private const int Float32 = 0;
    private const int AllFeatureImportanceBySplit = 0;

    private static readonly Lazy<string?> Problem = new(Load);

    /// <summary>Null, or why the native library cannot be loaded on this machine. Loads it.</summary>
    public static string? LoadProblem => Problem.Value;

    private static string? Load()
    {
        try
        {
            // Idle OpenMP threads spin by default, which costs many times the work itself on a busy machine. The C library's own
            // environment must be told before the library loads; the .NET one is a copy. A value set by the operator stays.
            if (!OperatingSystem.IsWindows()) SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", 0);
            NativeLibrary.Load(Name, typeof(LightGbmLibrary).Assembly, null);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            var hint = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
                ? "Is the OpenMP runtime installed (Debian and Ubuntu: apt install libgomp1)?"
                : $"It exists for x64 on Linux, macOS and Windows; this is {RuntimeInformation.RuntimeIdentifier}.";
            return $"LightGBM's native library cannot be loaded. {hint}";
        }
    }

    /// <summary>Stops the library from writing on this thread's standard output.</summary>
    public static void Silence() => Check(RegisterLogCallback(&Discard));

    /// <param name="values">Row-major; copied.</param>
    /// <param name="reference">A data set whose bins are to be used, or 0.</param>
    public static nint CreateDataset(float[] values, float[] labels, float[]? weights, int features, string parameters, nint reference)
    {
        nint dataset;
        fixed (float* pointer = values) Check(DatasetCreateFromMat(pointer, Float32, labels.Length, features, 1, parameters, reference, out dataset));
        fixed (float* pointer = labels) Check(DatasetSetField(dataset, "label", pointer, labels.Length, Float32));
        if (weights is not null)
            fixed (float* pointer = weights) Check(DatasetSetField(dataset, "weight", pointer, weights.Length, Float32));
        return dataset;
    }

    /// <summary>The first metric on the data set with this index, 0 being the training rows.</summary>
    public static double Evaluate(nint booster, int dataset)
    {
        var results = stackalloc double[16];
        Check(BoosterGetEval(booster, dataset, out var count, results));
        return count > 0 ? results[0] : double.NaN;
    }

    public static string ToText(nint booster, int iterations)
    {
        Check(BoosterSaveModelToString(booster, 0, iterations, AllFeatureImportanceBySplit, 0, out var length, null));
        var buffer = new byte[length];
        fixed (byte* pointer = buffer) Check(BoosterSaveModelToString(booster, 0, iterations, AllFeatureImportanceBySplit, length, out length, pointer));
        return Encoding.UTF8.GetString(buffer, 0, (int)length - 1);
    }

    /// <exception cref="TrainingFailedException">The library reports an error; carries its words.</exception>
    public static void Check(int result)
    {
        if (result != 0) throw new TrainingFailedException($"LightGBM: {Marshal.PtrToStringUTF8((nint)GetLastError())}");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Discard(byte* message)
    {
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport(Name, EntryPoint = "LGBM_GetLastError")]
    private static partial byte* GetLastError();

    [LibraryImport(Name, EntryPoint = "LGBM_RegisterLogCallback")]
    private static partial int RegisterLogCallback(delegate* unmanaged[Cdecl]<byte*, void> callback);

    [LibraryImport(Name, EntryPoint = "LGBM_DatasetCreateFromMat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int DatasetCreateFromMat(void* data, int type, int rows, int columns, int isRowMajor, string parameters, nint reference, out nint dataset);

    [LibraryImport(Name, EntryPoint = "LGBM_DatasetSetField", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int DatasetSetField(nint dataset, string field, void* data, int count, int type);

    [LibraryImport(Name, EntryPoint = "LGBM_DatasetFree")]
    public static partial int DatasetFree(nint dataset);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterCreate", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int BoosterCreate(nint dataset, string parameters, out nint booster);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterAddValidData")]
    public static partial int BoosterAddValidData(nint booster, nint dataset);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterFree")]
    public static partial int BoosterFree(nint booster);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterUpdateOneIter")]
    public static partial int BoosterUpdateOneIteration(nint booster, out int isFinished);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterGetEval")]
    private static partial int BoosterGetEval(nint booster, int dataset, out int count, double* results);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterSaveModelToString")]
    private static partial int BoosterSaveModelToString(nint booster, int start, int iterations, int importance, long capacity, out long length, byte* text);
}
