using Microsoft.EntityFrameworkCore;
using ModelWorkbench.Core.Datasets;
using ModelWorkbench.Core.Profiling;
using ModelWorkbench.Core.Recipes;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>Datasets with their original file, their table and their recipe.</summary>
public sealed class DatasetStore(IDbContextFactory<AppDb> databases, ArtefactStore artefacts, TableCache tables, TimeProvider time)
{
    // Reading a big file takes all of a core; two at a time leave the pages quick.
    private readonly SemaphoreSlim _importing = new(2);

    // A free name and the next revision's number are read before they are written.
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Reads an uploaded file, keeps the original, and makes a dataset of it.</summary>
    /// <param name="uploadPath">A temporary file that this method takes over.</param>
    /// <param name="fileName">As the person knows it.</param>
    /// <param name="options">How to read it, or null to detect.</param>
    /// <exception cref="CsvFormatException">Not a table; nothing is kept.</exception>
    public async Task<DatasetRow> ImportAsync(string uploadPath, string fileName, CsvOptions? options, CancellationToken cancellationToken)
    {
        await _importing.WaitAsync(cancellationToken);
        try
        {
            var (read, profile, tableSha256) = await ReadAsync(uploadPath, options, cancellationToken);
            var bytes = new FileInfo(uploadPath).Length;
            var fileSha256 = await artefacts.AddAsync(uploadPath, cancellationToken);
            await _writing.WaitAsync(cancellationToken);
            try
            {
                await using var db = await databases.CreateDbContextAsync(cancellationToken);
                var row = new DatasetRow
                {
                    Name = await FreeNameAsync(db, Path.GetFileNameWithoutExtension(fileName), cancellationToken),
                    FileName = fileName,
                    FileSha256 = fileSha256,
                    FileBytes = bytes,
                    TableSha256 = tableSha256,
                    CreatedAt = time.GetUtcNow(),
                    Options = read.Options,
                    Profile = profile,
                    Problems = read.Problems,
                    ProblemCount = read.ProblemCount,
                };
                db.Datasets.Add(row);
                await db.SaveChangesAsync(cancellationToken);
                return row;
            }
            finally
            {
                _writing.Release();
            }
        }
        finally
        {
            _importing.Release();
            File.Delete(uploadPath);
        }
    }

    /// <summary>Reads the original again with other options; experiments that used the old table keep it.</summary>
    /// <exception cref="CsvFormatException">The file cannot be read this way; the dataset stays as it was.</exception>
    public async Task<DatasetRow?> ReadAgainAsync(int id, CsvOptions options, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Datasets.SingleOrDefaultAsync(d => d.Id == id, cancellationToken) is not { } row) return null;
        await _importing.WaitAsync(cancellationToken);
        try
        {
            var (read, profile, tableSha256) = await ReadAsync(artefacts.PathOf(row.FileSha256), options, cancellationToken);
            row.TableSha256 = tableSha256;
            row.Options = read.Options;
            row.Profile = profile;
            row.Problems = read.Problems;
            row.ProblemCount = read.ProblemCount;
            await db.SaveChangesAsync(cancellationToken);
            return row;
        }
        finally
        {
            _importing.Release();
        }
    }

    public async Task<IReadOnlyList<DatasetRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Datasets.AsNoTracking().OrderByDescending(d => d.CreatedAt).ToListAsync(cancellationToken);
    }

    public async Task<DatasetRow?> FindAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Datasets.AsNoTracking().SingleOrDefaultAsync(d => d.Id == id, cancellationToken);
    }

    public Task<Table> TableAsync(DatasetRow dataset) => tables.GetAsync(dataset.TableSha256);

    public async Task<bool> RenameAsync(int id, string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Datasets.Where(d => d.Id == id).ExecuteUpdateAsync(set => set.SetProperty(d => d.Name, name), cancellationToken) == 1;
    }

    /// <summary>Removes the dataset and its recipe; experiments, models and endpoints made from it stay.</summary>
    public async Task<bool> DeleteAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Datasets.Where(d => d.Id == id).ExecuteDeleteAsync(cancellationToken) == 1;
    }

    /// <summary>The recipe that counts, with how many edits can be undone and redone.</summary>
    public async Task<RecipeState?> RecipeAsync(int datasetId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Datasets.AsNoTracking().SingleOrDefaultAsync(d => d.Id == datasetId, cancellationToken) is not { } dataset) return null;
        var revisions = db.RecipeRevisions.AsNoTracking().Where(r => r.DatasetId == datasetId);
        var current = await revisions.SingleOrDefaultAsync(r => r.Number == dataset.RecipeNumber, cancellationToken);
        var last = await revisions.MaxAsync(r => (int?)r.Number, cancellationToken) ?? 0;
        if (current is null && dataset.RecipeNumber > 0) throw new InvalidDataException($"Revision {dataset.RecipeNumber} of the recipe of dataset {datasetId} is missing.");
        return new RecipeState(current?.Recipe ?? Recipe.Empty, dataset.RecipeNumber, last - dataset.RecipeNumber);
    }

    /// <summary>Makes this the recipe that counts; what was undone before can no longer be redone.</summary>
    public async Task<bool> SaveRecipeAsync(int datasetId, Recipe recipe, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            if (await db.Datasets.SingleOrDefaultAsync(d => d.Id == datasetId, cancellationToken) is not { } dataset) return false;
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await db.RecipeRevisions.Where(r => r.DatasetId == datasetId && r.Number > dataset.RecipeNumber).ExecuteDeleteAsync(cancellationToken);
            dataset.RecipeNumber++;
            db.RecipeRevisions.Add(new RecipeRevisionRow { DatasetId = datasetId, Number = dataset.RecipeNumber, Recipe = recipe, CreatedAt = time.GetUtcNow() });
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Goes back (negative) or forward (positive) in the edits; stays within them.</summary>
    public async Task MoveRecipeAsync(int datasetId, int edits, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (await RecipeAsync(datasetId, cancellationToken) is not { } state) return;
            var number = Math.Clamp(state.UndoCount + edits, 0, state.UndoCount + state.RedoCount);
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            await db.Datasets.Where(d => d.Id == datasetId).ExecuteUpdateAsync(set => set.SetProperty(d => d.RecipeNumber, number), cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<(CsvReadResult Read, DatasetProfile Profile, string TableSha256)> ReadAsync(string path, CsvOptions? options, CancellationToken cancellationToken)
    {
        var temporary = artefacts.NewTemporaryPath();
        try
        {
            var (read, profile) = await Task.Run(() =>
            {
                var read = Read(path, options ?? CsvDetector.Detect(path, cancellationToken), cancellationToken);
                TableFile.Write(read.Table, temporary, cancellationToken);
                return (read, Profiler.Profile(read.Table, cancellationToken));
            }, cancellationToken);
            return (read, profile, await artefacts.AddAsync(temporary, cancellationToken));
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static CsvReadResult Read(string path, CsvOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return CsvTableReader.Read(path, options, null, cancellationToken);
        }
        catch (ArgumentException e) when (e.ParamName == "options")
        {
            // A person chose them; for the reader it is a caller's error.
            throw new CsvFormatException(e.Message.Replace(" (Parameter 'options')", "", StringComparison.Ordinal), e);
        }
        catch (NotSupportedException e)
        {
            // Encodings that the platform knows and refuses for safety, such as utf-7.
            throw new CsvFormatException(e.Message, e);
        }
    }

    private static async Task<string> FreeNameAsync(AppDb db, string wanted, CancellationToken cancellationToken)
    {
        wanted = string.Concat(wanted.Where(c => !char.IsControl(c))).Trim();
        if (wanted.Length == 0) wanted = "dataset";
        if (wanted.Length > 100) wanted = wanted[..100];
        var name = wanted;
        for (var i = 2; await db.Datasets.AnyAsync(d => d.Name == name, cancellationToken); i++) name = $"{wanted} ({i})";
        return name;
    }
}

/// <param name="Recipe">The recipe that counts.</param>
/// <param name="UndoCount">Edits that can be undone.</param>
/// <param name="RedoCount">Edits that can be redone.</param>
public sealed record RecipeState(Recipe Recipe, int UndoCount, int RedoCount);
