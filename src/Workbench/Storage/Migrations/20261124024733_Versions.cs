using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelWorkbench.Workbench.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Versions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "DatasetVersions",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    DatasetId = table.Column<int>(type: "INTEGER", nullable: false),
                    Number = table.Column<int>(type: "INTEGER", nullable: false),
                    FileName = table.Column<string>(type: "TEXT", nullable: false),
                    FileSha256 = table.Column<string>(type: "TEXT", nullable: false),
                    FileBytes = table.Column<long>(type: "INTEGER", nullable: false),
                    TableSha256 = table.Column<string>(type: "TEXT", nullable: false),
                    SampleSha256 = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Options = table.Column<string>(type: "TEXT", nullable: true),
                    Profile = table.Column<string>(type: "TEXT", nullable: false),
                    Problems = table.Column<string>(type: "TEXT", nullable: false),
                    ProblemCount = table.Column<int>(type: "INTEGER", nullable: false),
                    SkippedCount = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DatasetVersions", x => x.Id);
                    table.ForeignKey(
                        name: "FK_DatasetVersions_Datasets_DatasetId",
                        column: x => x.DatasetId,
                        principalTable: "Datasets",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "Imports",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    FileName = table.Column<string>(type: "TEXT", nullable: false),
                    UploadId = table.Column<string>(type: "TEXT", nullable: true),
                    FileSha256 = table.Column<string>(type: "TEXT", nullable: true),
                    Options = table.Column<string>(type: "TEXT", nullable: true),
                    DatasetId = table.Column<int>(type: "INTEGER", nullable: true),
                    Status = table.Column<string>(type: "TEXT", nullable: false),
                    Reason = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    FinishedAt = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Imports", x => x.Id);
                    table.ForeignKey(
                        name: "FK_Imports_Datasets_DatasetId",
                        column: x => x.DatasetId,
                        principalTable: "Datasets",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            // What every dataset was becomes its version 1.
            migrationBuilder.Sql("""
                INSERT INTO "DatasetVersions" ("DatasetId", "Number", "FileName", "FileSha256", "FileBytes", "TableSha256", "CreatedAt", "Options", "Profile", "Problems", "ProblemCount", "SkippedCount")
                SELECT "Id", 1, "FileName", "FileSha256", "FileBytes", "TableSha256", "CreatedAt", "Options", "Profile", "Problems", "ProblemCount", 0 FROM "Datasets";
                """);

            // In plain SQL, as the migrations of SQLite would build the table anew, outside the transaction.
            migrationBuilder.Sql("""ALTER TABLE "Datasets" ADD COLUMN "CurrentVersionId" INTEGER NULL CONSTRAINT "FK_Datasets_DatasetVersions_CurrentVersionId" REFERENCES "DatasetVersions" ("Id") ON DELETE SET NULL;""");

            migrationBuilder.Sql("""UPDATE "Datasets" SET "CurrentVersionId" = (SELECT "Id" FROM "DatasetVersions" WHERE "DatasetId" = "Datasets"."Id");""");

            foreach (var column in (string[])["FileBytes", "FileName", "FileSha256", "Options", "ProblemCount", "Problems", "Profile", "TableSha256"])
                migrationBuilder.Sql($"""ALTER TABLE "Datasets" DROP COLUMN "{column}";""");

            migrationBuilder.CreateIndex(
                name: "IX_Datasets_CurrentVersionId",
                table: "Datasets",
                column: "CurrentVersionId");

            migrationBuilder.CreateIndex(
                name: "IX_DatasetVersions_DatasetId_Number",
                table: "DatasetVersions",
                columns: new[] { "DatasetId", "Number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Imports_DatasetId",
                table: "Imports",
                column: "DatasetId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "FK_Datasets_DatasetVersions_CurrentVersionId",
                table: "Datasets");

            migrationBuilder.DropTable(
                name: "DatasetVersions");

            migrationBuilder.DropTable(
                name: "Imports");

            migrationBuilder.DropIndex(
                name: "IX_Datasets_CurrentVersionId",
                table: "Datasets");

            migrationBuilder.DropColumn(
                name: "CurrentVersionId",
                table: "Datasets");

            migrationBuilder.AddColumn<long>(
                name: "FileBytes",
                table: "Datasets",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "FileName",
                table: "Datasets",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "FileSha256",
                table: "Datasets",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Options",
                table: "Datasets",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<int>(
                name: "ProblemCount",
                table: "Datasets",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "Problems",
                table: "Datasets",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "Profile",
                table: "Datasets",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "TableSha256",
                table: "Datasets",
                type: "TEXT",
                nullable: false,
                defaultValue: "");
        }
    }
}
