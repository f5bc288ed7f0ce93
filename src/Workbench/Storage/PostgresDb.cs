using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace ModelWorkbench.Workbench.Storage;

/// <summary>The facts in PostgreSQL: the same tables, with its types and its own list of schema changes.</summary>
public sealed class PostgresDb : AppDb
{
    // Bytes compared as bytes, as SQLite does: lists have one order, and names are the same or not, whatever language the server was set up for.
    private const string Collation = "C";

    // Fields of the Identity classes come with a length, which SQLite does not hold anybody to.
    private const string Text = "text";

    // Each write goes through a transaction, and so waits for its turn: PostgresWriters.
    public PostgresDb(DbContextOptions<PostgresDb> options) : base(options) => Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;

    protected override void OnModelCreating(ModelBuilder model)
    {
        base.OnModelCreating(model);
        foreach (var property in model.Model.GetEntityTypes().SelectMany(t => t.GetProperties()))
        {
            var kept = property.GetValueConverter()?.ProviderClrType ?? property.GetProviderClrType() ?? property.ClrType;
            if (kept != typeof(string)) continue;
            property.SetColumnType(Text);
            property.SetCollation(Collation);
        }
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configuration)
    {
        configuration.Properties<DateTimeOffset>().HaveConversion<Utc>();
        configuration.Properties<string>().HaveConversion<PlainText>();
    }

    // The type of PostgreSQL holds a moment, to the microsecond, without an offset.
    private sealed class Utc() : ValueConverter<DateTimeOffset, DateTimeOffset>(value => value.ToUniversalTime(), value => value);

    private sealed class PlainText() : ValueConverter<string, string>(value => PostgresText.Write(value), text => PostgresText.Read(text));
}
