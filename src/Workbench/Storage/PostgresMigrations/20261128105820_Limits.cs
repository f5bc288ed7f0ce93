using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace ModelWorkbench.Workbench.Storage.PostgresMigrations
{
    /// <inheritdoc />
    public partial class Limits : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "UserId",
                table: "Imports",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "UserId",
                table: "Experiments",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "UserId",
                table: "BatchJobs",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Email",
                table: "AccessTokens",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.CreateTable(
                name: "Idempotencies",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    UserId = table.Column<int>(type: "integer", nullable: false),
                    KeySha256 = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RequestSha256 = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    At = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    Run = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Answer = table.Column<byte[]>(type: "bytea", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Idempotencies", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Idempotencies_At",
                table: "Idempotencies",
                column: "At");

            migrationBuilder.CreateIndex(
                name: "IX_Idempotencies_UserId_KeySha256",
                table: "Idempotencies",
                columns: new[] { "UserId", "KeySha256" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Idempotencies");

            migrationBuilder.DropColumn(
                name: "UserId",
                table: "Imports");

            migrationBuilder.DropColumn(
                name: "UserId",
                table: "Experiments");

            migrationBuilder.DropColumn(
                name: "UserId",
                table: "BatchJobs");

            migrationBuilder.DropColumn(
                name: "Email",
                table: "AccessTokens");
        }
    }
}
